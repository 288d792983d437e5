use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, timeout_at};

use super::{connection::Connection, connector::Connector};
use crate::call_error::{CallError, CallResult};

/// Shorter than the usual timeout of a server, which may close the connection while a request is on its way.
const MAX_IDLE: Duration = Duration::from_secs(10);

/// The idle connections to the vendor.
pub(super) struct Pool {
    connector: Connector,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Self {
        Self {
            connector,
            idle: Mutex::default(),
        }
    }

    /// Takes the connection that was used last.
    pub(super) fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle();
        idle.retain(is_fresh);
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
            idle.retain(is_fresh);
            idle.push(connection);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_fresh(connection: &Connection) -> bool {
    connection
        .kept_since
        .is_some_and(|since| since.elapsed() < MAX_IDLE)
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pool({:?})", self.connector)
    }
}
