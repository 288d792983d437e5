use std::{collections::HashMap, time::Duration};

use redis::{
    aio::ConnectionLike,
    streams::{StreamId, StreamReadReply},
};

use crate::{
    Job, OrderResult, Prefix, QueueError, ResultError, ResultStream,
    connect::{Client, Connection, Link, connect},
    keys::Keys,
    result,
};

/// A shop's side of the queue: puts in orders, reads results. Cheap to clone.
#[derive(Clone)]
pub struct Queue {
    client: Client,
    connection: Connection,
    keys: Keys,
}

impl Queue {
    /// Connects to the queue under `prefix` at a [Redis address](crate#where-redis-is).
    ///
    /// # Errors
    /// Where the address is malformed or Redis cannot be reached.
    pub async fn connect(url: &str, prefix: Prefix) -> Result<Self, QueueError> {
        let client = connect(url)?;
        let connection = client.shared();
        redis::cmd("PING")
            .query_async::<()>(&mut connection.clone())
            .await?;
        Ok(Self {
            client,
            connection,
            keys: Keys::new(&prefix),
        })
    }

    /// Puts an order into the inbox and returns its entry id. After an error it may or may not be there: put it
    /// in again, the same id is bought once.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn enqueue(&self, job: &Job) -> Result<String, QueueError> {
        let mut command = redis::cmd("XADD");
        command
            .arg(&self.keys.jobs)
            .arg("*")
            .arg("order_id")
            .arg(job.order_id.as_str());
        command
            .arg("product_id")
            .arg(job.product_id.get())
            .arg("quantity")
            .arg(job.quantity.get());
        if let Some(deadline) = job.deadline {
            command.arg("deadline").arg(deadline.0);
        }
        if let Some(stream) = &job.reply_to {
            command
                .arg("reply_to")
                .arg(format!("{}:{stream}", self.keys.results));
        }
        for (name, value) in [("meta", &job.meta), ("traceparent", &job.traceparent)] {
            if let Some(value) = value {
                command.arg(name).arg(value);
            }
        }
        Ok(command.query_async(&mut self.connection.clone()).await?)
    }

    /// Reads the common result stream as `consumer` of consumer group `group`, which is made if there is none.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn results(&self, group: &str, consumer: &str) -> Result<Results, QueueError> {
        self.results_of(self.keys.results.clone(), group, consumer)
            .await
    }

    /// The same for a result stream of one's own, the `reply_to` of its jobs.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn replies(
        &self,
        stream: &ResultStream,
        group: &str,
        consumer: &str,
    ) -> Result<Results, QueueError> {
        self.results_of(format!("{}:{stream}", self.keys.results), group, consumer)
            .await
    }

    async fn results_of(
        &self,
        stream: String,
        group: &str,
        consumer: &str,
    ) -> Result<Results, QueueError> {
        create_group(&mut self.connection.clone(), &stream, group).await?;
        Ok(Results {
            connection: self.client.own(BLOCK).await?,
            client: self.client.clone(),
            stream,
            group: group.into(),
            consumer: consumer.into(),
            backlog: Some("0".into()),
        })
    }
}

/// The longest wait for results.
const BLOCK: Duration = Duration::from_secs(5);

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

/// One entry of a result stream.
#[derive(Debug)]
pub struct Delivery {
    /// To acknowledge it by.
    pub entry_id: String,
    /// The result, or why this entry is none.
    pub result: Result<OrderResult, ResultError>,
}

impl Results {
    /// Up to `n` results; waits for the first for up to five seconds, and is empty if none came.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses; the next call connects anew.
    pub async fn next(&mut self, n: usize) -> Result<Vec<Delivery>, QueueError> {
        let entries = match self.read(n).await {
            Err(error) if error.is_of_the_connection() => {
                self.connection = self.client.own(BLOCK).await.map_err(|_| error)?;
                // What the lost answer held was delivered, as far as Redis knows.
                self.backlog = Some("0".into());
                self.read(n).await?
            }
            // A stream that was not written for long is gone, and its groups with it.
            Err(QueueError::Refused(error)) if error.code() == Some("NOGROUP") => {
                create_group(&mut self.connection, &self.stream, &self.group).await?;
                self.read(n).await?
            }
            entries => entries?,
        };
        if self.backlog.is_some() {
            self.backlog = entries.last().map(|last| last.id.clone());
            if entries.is_empty() {
                return Box::pin(self.next(n)).await;
            }
        }
        Ok(entries.into_iter().map(deliver).collect())
    }

    async fn read(&mut self, n: usize) -> Result<Vec<StreamId>, QueueError> {
        let mut command = redis::cmd("XREADGROUP");
        command
            .arg("GROUP")
            .arg(&self.group)
            .arg(&self.consumer)
            .arg("COUNT")
            .arg(n);
        let block = BLOCK.as_secs() * 1000;
        command
            .arg("BLOCK")
            .arg(block)
            .arg("STREAMS")
            .arg(&self.stream);
        command.arg(self.backlog.as_deref().unwrap_or(">"));
        let reply: Option<StreamReadReply> = command.query_async(&mut self.connection).await?;
        Ok(reply
            .into_iter()
            .flat_map(|reply| reply.keys)
            .flat_map(|key| key.ids)
            .collect())
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

fn deliver(entry: StreamId) -> Delivery {
    let fields: HashMap<String, Vec<u8>> = entry
        .map
        .into_iter()
        .filter_map(|(name, value)| {
            redis::from_redis_value(value)
                .ok()
                .map(|bytes| (name, bytes))
        })
        .collect();
    Delivery {
        entry_id: entry.id,
        result: result::read(fields),
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
