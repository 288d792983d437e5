use redis::{aio::ConnectionLike, streams::StreamId};

use super::delivery::{BLOCK, Delivery, Wait, read};
use crate::{
    connect::{client::Client, link::Link},
    error::QueueError,
};

/// Results for one consumer of a group. Results that were delivered and not acknowledged come first, so a consumer that
/// starts again under its name continues where it stopped.
pub struct Results {
    client: Client,
    connection: Link,
    stream: String,
    group: String,
    consumer: String,
    /// Where to continue in the results that were delivered earlier, until all of them are read.
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

    /// Reads up to `n` results. Returns none if there are no more, or if none came in time. After an error the next call
    /// connects again.
    pub async fn next(&mut self, n: usize, wait: Wait) -> Result<Vec<Delivery>, QueueError> {
        loop {
            let entries = self.read_on(n, wait).await?;
            if self.backlog.is_some() {
                self.backlog = entries.last().map(|last| last.id.clone());
                if entries.is_empty() {
                    continue;
                }
            }
            let deliveries = entries.into_iter();
            return Ok(deliveries
                .map(|entry| Delivery::new(&self.stream, entry))
                .collect());
        }
    }

    async fn read_on(&mut self, n: usize, wait: Wait) -> Result<Vec<StreamId>, QueueError> {
        match self.read(n, wait).await {
            Err(error) if error.is_connection_failure() => {
                self.connection = self.client.own(BLOCK).await.map_err(|_| error)?;
                // Redis counts the results of the lost answer as delivered.
                self.backlog = Some("0".into());
                self.read(n, wait).await
            }
            // A stream that was not written for long has expired, with its groups.
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

    /// Acknowledges an entry. After an error acknowledge it again; otherwise it is delivered again.
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
