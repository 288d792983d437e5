use std::time::Duration;

use super::{
    link::Link,
    options::ConnectOptions,
    place::Place,
    shared::Connection,
    timing::{RESPONSE, Repeat},
};
use crate::error::QueueError;

/// Opens connections to one Redis. Prints without passwords.
#[derive(Clone, Debug)]
pub struct Client(pub(super) Place);

/// Creates a client for a [Redis address](crate#redis-addresses). Sends nothing yet; fails only if the address cannot be used.
/// [`ConnectOptions`] adds certificates and passwords.
pub fn connect(url: &str) -> Result<Client, QueueError> {
    ConnectOptions::default().open(url)
}

impl Client {
    /// Returns `true` if the address names this machine, so that nothing goes over a network.
    pub fn is_local(&self) -> bool {
        self.0.is_local()
    }

    /// Returns a connection that many tasks share. It connects at the first command, and again when it is spent. Commands
    /// on it must not block.
    pub(crate) fn shared(&self) -> Connection {
        Connection::new(self.0.clone())
    }

    /// Opens a connection for commands that block for up to `block`. After an error the caller opens another one.
    pub(crate) async fn own(&self, block: Duration) -> Result<Link, QueueError> {
        Ok(self.0.open(block + RESPONSE, Repeat::No).await?)
    }
}
