use redis::Cmd;

use crate::{
    Job, Prefix, QueueError, ResultStream, Results, Watch, WatchFrom,
    connect::{Client, Connection, connect},
    keys::Keys,
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
        let entry = self.entry(job);
        Ok(entry.query_async(&mut self.connection.clone()).await?)
    }

    /// Puts orders into the inbox, one after the other in one exchange, and returns their entry ids. After an error
    /// some may be there: put all of them in again, the same id is bought once.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
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
            .arg(job.order_id.as_str());
        command
            .arg("product_id")
            .arg(job.product_id.get())
            .arg("quantity")
            .arg(job.quantity.get());
        let stream = job
            .reply_to
            .as_ref()
            .map(|_| self.stream(job.reply_to.as_ref()));
        let extras = [
            (
                "deadline",
                job.deadline.map(|deadline| deadline.at().0.to_string()),
            ),
            ("reply_to", stream),
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

    /// Reads the common result stream, or one of one's own, as `consumer` of consumer group `group`, which is made if
    /// there is none.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn results(
        &self,
        stream: Option<&ResultStream>,
        group: &str,
        consumer: &str,
    ) -> Result<Results, QueueError> {
        Results::open(self.client.clone(), self.stream(stream), group, consumer).await
    }

    /// Looks at result streams, of which none stands for the common one, without a group: nothing is delivered or
    /// acknowledged.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn watch(
        &self,
        streams: &[Option<&ResultStream>],
        start: WatchFrom,
    ) -> Result<Watch, QueueError> {
        let streams = streams.iter().map(|stream| self.stream(*stream)).collect();
        Watch::open(self.client.clone(), streams, start).await
    }

    fn stream(&self, name: Option<&ResultStream>) -> String {
        let common = &self.keys.results;
        name.map_or_else(|| common.clone(), |name| format!("{common}:{name}"))
    }
}
