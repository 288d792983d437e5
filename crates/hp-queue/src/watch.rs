use redis::streams::StreamRangeReply;

use crate::{
    QueueError,
    connect::{Client, Link},
    deliver::{BLOCK, Delivery, Wait, read},
};

/// Where a [`Watch`] begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchFrom {
    /// With the oldest entry that is there.
    Oldest,
    /// With the first that comes after its opening.
    Now,
}

/// Result streams as one who only looks sees them.
pub struct Watch {
    client: Client,
    connection: Link,
    streams: Vec<String>,
    /// The last entry that was seen, of each.
    seen: Vec<String>,
}

impl Watch {
    pub(crate) async fn open(
        client: Client,
        streams: Vec<String>,
        start: WatchFrom,
    ) -> Result<Self, QueueError> {
        let mut connection = client.own(BLOCK).await?;
        let mut seen = Vec::with_capacity(streams.len());
        for stream in &streams {
            seen.push(match start {
                WatchFrom::Oldest => "0".into(),
                WatchFrom::Now => newest(&mut connection, stream).await?,
            });
        }
        Ok(Self {
            client,
            connection,
            streams,
            seen,
        })
    }

    /// Whether the stream of this key is among them.
    pub fn covers(&self, key: &str) -> bool {
        self.streams.iter().any(|stream| stream == key)
    }

    /// Up to `n` entries of each stream that were not seen before, oldest first. None: there are no more, or none came
    /// in time.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses; the next call connects anew.
    pub async fn next(&mut self, n: usize, wait: Wait) -> Result<Vec<Delivery>, QueueError> {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(n);
        wait.add_to(&mut command);
        command.arg("STREAMS").arg(&self.streams).arg(&self.seen);
        let reply = match read(&command, &mut self.connection).await {
            Err(error) if error.is_of_the_connection() => {
                self.connection = self.client.own(BLOCK).await.map_err(|_| error)?;
                read(&command, &mut self.connection).await?
            }
            reply => reply?,
        };
        let mut deliveries = Vec::new();
        for stream in reply.keys {
            let place = self.streams.iter().position(|name| *name == stream.key);
            if let (Some(place), Some(last)) = (place, stream.ids.last()) {
                self.seen[place].clone_from(&last.id);
            }
            deliveries.extend(stream.ids.into_iter().map(Delivery::from));
        }
        Ok(deliveries)
    }
}

async fn newest(connection: &mut Link, stream: &str) -> Result<String, QueueError> {
    let mut command = redis::cmd("XREVRANGE");
    command.arg(stream).arg("+").arg("-").arg("COUNT").arg(1);
    let reply: StreamRangeReply = command.query_async(connection).await?;
    let last = reply.ids.into_iter().next();
    Ok(last.map_or_else(|| "0".into(), |last| last.id))
}
