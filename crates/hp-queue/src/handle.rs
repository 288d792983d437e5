use crate::{
    connect::{client::Client, shared::Connection},
    error::QueueError,
    keys::{Keys, Prefix},
};

/// One queue in one Redis. The roles [`Ledger`](crate::Ledger), [`Control`](crate::Control),
/// [`Inspector`](crate::Inspector) and [`RunLease`](crate::RunLease) share its connection. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(crate) connection: Connection,
    pub(crate) keys: Keys,
}

impl Handle {
    /// Opens the queue under `prefix`. Connects at the first command, and again when the connection breaks. Needs a tokio
    /// runtime.
    pub fn open(client: &Client, prefix: &Prefix) -> Self {
        Self {
            connection: client.shared(),
            keys: Keys::new(prefix),
        }
    }

    /// Finds out whether Redis accepts writes: writes a key of the queue's own that expires by itself.
    pub async fn check_write(&self) -> Result<(), QueueError> {
        let mut command = redis::cmd("SET");
        command
            .arg(&self.keys.write_check)
            .arg("1")
            .arg("PX")
            .arg(1000);
        Ok(command.query_async(&mut self.connection.clone()).await?)
    }
}
