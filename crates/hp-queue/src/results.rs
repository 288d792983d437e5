use redis::{aio::ConnectionLike, streams::StreamId};

use crate::{
    QueueError,
    connect::{Client, Link},
    deliver::{BLOCK, Delivery, Wait, read},
};

/// Results for one consumer of a group. What was delivered and not acknowledged comes first, so that a consumer
/// which starts again under its name goes on where it stopped.
pub struct Results {
    client: Client,
    connection: Link,
    stream: String,
    group: String,
    consumer: String,
    /// Where to go on in what was delivered earlier, until that is read.
    backlog: Option<String>,
}

impl Results {
    pub(crate) async fn open(
        client: Client,
        stream: String,
        group: &str,
        consumer: &str,
    ) -> Result<Self, QueueError> {
        let mut connection = client.own(BLOCK).await?;
        create_group(&mut connection, &stream, group).await?;
        Ok(Self {
            client,
            connection,
            stream,
            group: group.into(),
            consumer: consumer.into(),
            backlog: Some("0".into()),
        })
    }

    /// Up to `n` results. None: there are no more, or none came in time.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses; the next call connects anew.
    pub async fn next(&mut self, n: usize, wait: Wait) -> Result<Vec<Delivery>, QueueError> {
        loop {
            let entries = self.read_on(n, wait).await?;
            if self.backlog.is_some() {
                self.backlog = entries.last().map(|last| last.id.clone());
                if entries.is_empty() {
                    continue;
                }
            }
            return Ok(entries.into_iter().map(Into::into).collect());
        }
    }

    async fn read_on(&mut self, n: usize, wait: Wait) -> Result<Vec<StreamId>, QueueError> {
        match self.read(n, wait).await {
            Err(error) if error.is_of_the_connection() => {
                self.connection = self.client.own(BLOCK).await.map_err(|_| error)?;
                // What the lost answer held was delivered, as far as Redis knows.
                self.backlog = Some("0".into());
                self.read(n, wait).await
            }
            // A stream that was not written for long is gone, and its groups with it.
            Err(QueueError::Refused(error)) if error.code() == Some("NOGROUP") => {
                create_group(&mut self.connection, &self.stream, &self.group).await?;
                self.read(n, wait).await
            }
            entries => entries,
        }
    }

    async fn read(&mut self, n: usize, wait: Wait) -> Result<Vec<StreamId>, QueueError> {
        let mut command = redis::cmd("XREADGROUP");
        command
            .arg("GROUP")
            .arg(&self.group)
            .arg(&self.consumer)
            .arg("COUNT")
            .arg(n);
        wait.add_to(&mut command);
        command
            .arg("STREAMS")
            .arg(&self.stream)
            .arg(self.backlog.as_deref().unwrap_or(">"));
        let reply = read(&command, &mut self.connection).await?;
        Ok(reply.keys.into_iter().flat_map(|key| key.ids).collect())
    }

    /// Marks an entry as dealt with.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses. Acknowledge again, or have it delivered again by starting anew
    /// under the same name.
    pub async fn acknowledge(&mut self, entry_id: &str) -> Result<(), QueueError> {
        let mut command = redis::cmd("XACK");
        command.arg(&self.stream).arg(&self.group).arg(entry_id);
        Ok(command.query_async(&mut self.connection).await?)
    }
}

async fn create_group(
    connection: &mut impl ConnectionLike,
    stream: &str,
    group: &str,
) -> Result<(), QueueError> {
    let mut create = redis::cmd("XGROUP");
    create
        .arg("CREATE")
        .arg(stream)
        .arg(group)
        .arg("0")
        .arg("MKSTREAM");
    match create.query_async::<()>(connection).await {
        Err(error) if error.code() != Some("BUSYGROUP") => Err(error.into()),
        _ => Ok(()),
    }
}
