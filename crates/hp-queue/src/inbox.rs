use std::time::Duration;

use redis::Value;

use crate::{
    connect::{client::Client, link::Link},
    error::QueueError,
    keys::{Keys, Prefix},
    observer::Observer,
};

/// Waits for entries in the inbox, on a connection of its own, because it blocks. It moves nothing:
/// [`Ledger::claim_batch`](crate::Ledger::claim_batch) does.
pub struct Inbox {
    client: Client,
    jobs: String,
    connection: Option<Link>,
    /// A connection failed, and no other was made yet.
    is_lost: bool,
}

/// The longest single wait. After it a dead connection is noticed.
const LONGEST: Duration = Duration::from_secs(5);

impl Inbox {
    /// Opens an inbox. Connects at the first wait.
    pub fn new(client: Client, prefix: &Prefix) -> Self {
        Self {
            client,
            jobs: Keys::new(prefix).jobs,
            connection: None,
            is_lost: false,
        }
    }

    /// Returns the same inbox without a connection.
    #[must_use]
    pub fn unconnected(&self) -> Self {
        Self {
            client: self.client.clone(),
            jobs: self.jobs.clone(),
            connection: None,
            is_lost: false,
        }
    }

    /// Returns `true` when the inbox has an entry, `false` when `at_most` or five seconds have passed. The wait may be dropped.
    /// After an error the next wait connects again.
    pub async fn wait(&mut self, at_most: Duration) -> Result<bool, QueueError> {
        let block = at_most.min(LONGEST).as_millis().max(1);
        // The connection returns only after an answer: a dropped wait leaves a reply behind in it.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let mut command = redis::cmd("XREAD");
        command
            .arg("COUNT")
            .arg(1)
            .arg("BLOCK")
            .arg(block.to_string());
        // From the start: an entry that came between the last claim and this wait counts as well.
        command.arg("STREAMS").arg(&self.jobs).arg("0");
        let entries = command.query_async(&mut connection).await;
        self.is_lost = entries.is_err();
        let entries: Value = entries?;
        self.connection = Some(connection);
        Ok(entries != Value::Nil)
    }

    async fn connect(&mut self) -> Result<Link, QueueError> {
        let connection = self.client.own(LONGEST).await?;
        if std::mem::take(&mut self.is_lost) {
            self.client.observed.report(Observer::reconnected);
        }
        Ok(connection)
    }
}
