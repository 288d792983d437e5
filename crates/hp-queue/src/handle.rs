use crate::{
    connect::{Client, Connection},
    keys::{Keys, Prefix},
};

/// One queue at one Redis. The roles ([`Ledger`](crate::Ledger), [`Control`](crate::Control),
/// [`Inspector`](crate::Inspector), [`RunLease`](crate::RunLease)) are built on it and share its connection. Cheap to
/// clone.
#[derive(Clone)]
pub struct Handle {
    pub(crate) connection: Connection,
    pub(crate) keys: Keys,
}

impl Handle {
    /// The queue under `prefix`. Connects at its first use, and again when the connection breaks. Needs a tokio runtime.
    pub fn open(client: &Client, prefix: &Prefix) -> Self {
        Self {
            connection: client.shared(),
            keys: Keys::new(prefix),
        }
    }
}
