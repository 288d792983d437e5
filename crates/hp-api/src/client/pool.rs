use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::{Instant, timeout_at};

use super::{connection::Connection, connector::Connector, idle::IdleLimit};
use crate::call_error::{CallError, CallResult};

/// The idle connections to the vendor.
pub(super) struct Pool {
    connector: Connector,
    idle: Mutex<Vec<Connection>>,
    pub(super) limit: IdleLimit,
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Self {
        Self {
            connector,
            idle: Mutex::default(),
            limit: IdleLimit::default(),
        }
    }

    /// Takes the connection that was used last, unless the server may close it soon.
    pub(super) fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle();
        idle.retain(|connection| self.is_fresh(connection));
        idle.pop()
    }

    /// Makes a new connection.
    pub(super) async fn connect(&self, deadline: Instant) -> CallResult<Connection> {
        let connected = timeout_at(deadline, self.connector.connect()).await;
        connected.unwrap_or_else(|_| Err(CallError::NeverSent("no connection in time".to_owned())))
    }

    /// Keeps a connection for the next call, unless it is closed or delivered bytes nobody asked for.
    pub(super) async fn keep(&self, mut connection: Connection) {
        if connection.is_reusable().await {
            connection.kept_since = Some(Instant::now());
            let mut idle = self.idle();
            idle.retain(|connection| self.is_fresh(connection));
            idle.push(connection);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_fresh(&self, connection: &Connection) -> bool {
        connection.idle() < self.limit.of(connection.stated_limit)
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({:?})", self.connector)
    }
}
