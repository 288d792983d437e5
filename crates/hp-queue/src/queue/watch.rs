use redis::streams::StreamRangeReply;

use super::delivery::{BLOCK, Delivery, Wait, read};
use crate::{
    connect::{client::Client, link::Link},
    error::QueueError,
};

/// Where a [`Watch`] starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchFrom {
    /// At the oldest entry.
    Oldest,
    /// At the first entry after it was opened.
    Now,
}

/// Result streams, read without a consumer group.
pub struct Watch {
    client: Client,
    connection: Link,
    streams: Vec<String>,
    /// The last entry of each stream that was read.
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

    /// Returns `true` if the stream with this key is watched.
    pub fn covers(&self, key: &str) -> bool {
        self.streams.iter().any(|stream| stream == key)
    }

    /// Reads up to `n` new entries of each stream, oldest first. Returns none if there are no more, or if none came in time.
    /// After an error the next call connects again.
    pub async fn next(&mut self, n: usize, wait: Wait) -> Result<Vec<Delivery>, QueueError> {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(n);
        wait.add_to(&mut command);
        command.arg("STREAMS").arg(&self.streams).arg(&self.seen);
        let reply = match read(&command, &mut self.connection).await {
            Err(error) if error.is_connection_failure() => {
                self.connection = self.client.own(BLOCK).await.map_err(|_| error)?;
                read(&command, &mut self.connection).await?
            }
            reply => reply?,
        };
        let mut deliveries = Vec::new();
        for stream in reply.keys {
            let index = self.streams.iter().position(|name| *name == stream.key);
            if let (Some(index), Some(last)) = (index, stream.ids.last()) {
                self.seen[index].clone_from(&last.id);
            }
            let entries = stream.ids.into_iter();
            deliveries.extend(entries.map(|entry| Delivery::new(&stream.key, entry)));
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
