//! A shop's side of a queue.

pub(crate) mod delivery;
pub(crate) mod job;
pub(crate) mod result;
pub(crate) mod results;
pub(crate) mod watch;

use redis::Cmd;

use self::{
    job::{Job, ResultStream},
    results::Results,
    watch::{Watch, WatchFrom},
};
use crate::{
    agreement::check_protocol,
    connect::{
        client::{Client, connect},
        shared::Connection,
    },
    error::QueueError,
    keys::{Keys, Prefix},
};

/// A shop's side of a queue: enqueues orders and reads results. Cheap to clone.
#[derive(Clone)]
pub struct Queue {
    client: Client,
    connection: Connection,
    keys: Keys,
}

impl Queue {
    /// Connects to the queue under `prefix` at a [Redis address](crate#redis-addresses).
    pub async fn connect(url: &str, prefix: Prefix) -> Result<Self, QueueError> {
        Self::open(connect(url)?, prefix).await
    }

    /// Connects to the queue under `prefix` with this client.
    pub async fn open(client: Client, prefix: Prefix) -> Result<Self, QueueError> {
        let connection = client.shared();
        redis::cmd("PING")
            .query_async::<()>(&mut connection.clone())
            .await?;
        let keys = Keys::new(&prefix);
        check_version(&mut connection.clone(), &keys).await?;
        Ok(Self {
            client,
            connection,
            keys,
        })
    }

    /// Enqueues an order and returns the id of its entry. After an error the entry may or may not be there: enqueue it
    /// again, an id is charged once.
    pub async fn enqueue(&self, job: &Job) -> Result<String, QueueError> {
        let entry = self.entry(job);
        Ok(entry.query_async(&mut self.connection.clone()).await?)
    }

    /// Enqueues orders in their order, in one round trip, and returns the ids of their entries. After an error some may be
    /// there: enqueue all of them again, an id is charged once.
    pub async fn enqueue_all(&self, jobs: &[Job]) -> Result<Vec<String>, QueueError> {
        let mut entries = redis::pipe();
        for job in jobs {
            entries.add_command(self.entry(job));
        }
        Ok(entries.query_async(&mut self.connection.clone()).await?)
    }

    fn entry(&self, job: &Job) -> Cmd {
        let mut command = redis::cmd("XADD");
        command
            .arg(&self.keys.jobs)
            .arg("*")
            .arg("order_id")
            .arg(job.order_id.as_str())
            .arg("product_id")
            .arg(job.product_id.get())
            .arg("quantity")
            .arg(job.quantity.get());
        let deadline = job.deadline.map(|deadline| deadline.at().0.to_string());
        let reply_to = job.reply_to.as_ref();
        let extras = [
            ("deadline", deadline),
            ("reply_to", reply_to.map(|name| self.stream_key(Some(name)))),
            ("meta", job.meta.as_ref().map(ToString::to_string)),
            (
                "traceparent",
                job.traceparent.as_ref().map(ToString::to_string),
            ),
        ];
        for (name, value) in extras {
            if let Some(value) = value {
                command.arg(name).arg(value);
            }
        }
        command
    }

    /// Opens the common result stream, or the shop's own stream, as `consumer` of the consumer group `group`. Creates the
    /// group if there is none.
    pub async fn results(
        &self,
        stream: Option<&ResultStream>,
        group: &str,
        consumer: &str,
    ) -> Result<Results, QueueError> {
        Results::open(
            self.client.clone(),
            self.stream_key(stream),
            group,
            consumer,
        )
        .await
    }

    /// Watches result streams without a group: nothing is acknowledged. `None` stands for the common stream.
    pub async fn watch(
        &self,
        streams: &[Option<&ResultStream>],
        start: WatchFrom,
    ) -> Result<Watch, QueueError> {
        let streams = streams
            .iter()
            .map(|stream| self.stream_key(*stream))
            .collect();
        Watch::open(self.client.clone(), streams, start).await
    }

    /// The key of a shop's own result stream; `None` stands for the common one.
    pub fn stream_key(&self, name: Option<&ResultStream>) -> String {
        let common = &self.keys.results;
        name.map_or_else(|| common.clone(), |name| format!("{common}:{name}"))
    }
}

/// Fails if a newer program uses the queue. A shop may lack the right to read the version: then the version is not known.
async fn check_version(connection: &mut Connection, keys: &Keys) -> Result<(), QueueError> {
    let mut command = redis::cmd("HGET");
    command.arg(&keys.queue).arg("protocol");
    let stored: Result<Option<u32>, _> = command.query_async(connection).await;
    match stored.map_err(QueueError::from) {
        Ok(stored) => check_protocol(stored),
        Err(QueueError::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
