use std::time::Duration;

use redis::Value;

use crate::{
    Prefix, QueueError,
    connect::{Client, Link},
    keys::Keys,
};

/// Waits for entries in the inbox, on a connection of its own, because it blocks. It only wakes: entries are
/// moved by [`Ledger::take`](crate::Ledger::take).
pub struct Inbox {
    client: Client,
    jobs: String,
    connection: Option<Link>,
}

/// The longest single wait; a connection that has died silently is noticed after it.
const LONGEST: Duration = Duration::from_secs(5);

impl Inbox {
    /// An inbox; connects at the first wait.
    pub fn new(client: Client, prefix: &Prefix) -> Self {
        Self {
            client,
            jobs: Keys::new(prefix).jobs,
            connection: None,
        }
    }

    /// Returns when the inbox holds an entry, at once if it does already, or when `at_most` or five seconds have
    /// passed. Dropping the wait is safe.
    ///
    /// # Errors
    /// Where Redis cannot be reached; the next wait connects anew.
    pub async fn wait(&mut self, at_most: Duration) -> Result<(), QueueError> {
        let block = at_most.min(LONGEST).as_millis().max(1);
        // Taken out, and put back only after an answer: a dropped wait leaves a reply behind in the connection.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.client.own(LONGEST).await?,
        };
        let mut command = redis::cmd("XREAD");
        command
            .arg("COUNT")
            .arg(1)
            .arg("BLOCK")
            .arg(block.to_string());
        // From the very beginning: an entry that came between the last take and this wait is seen as well.
        command.arg("STREAMS").arg(&self.jobs).arg("0");
        command.query_async::<Value>(&mut connection).await?;
        self.connection = Some(connection);
        Ok(())
    }
}
