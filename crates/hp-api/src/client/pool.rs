use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, timeout_at};

use super::{connection::Connection, connector::Connector, idle::IdleLimit};
use crate::call_error::{CallError, CallResult};

/// For how long each call gets a connection of its own after a front end has asked to send less.
const SEPARATE: Duration = Duration::from_mins(5);

/// The idle connections to the vendor.
pub(super) struct Pool {
    connector: Connector,
    /// In the order in which their last calls ended. A call looks only at the ends, however many there are.
    idle: Mutex<VecDeque<Connection>>,
    separate_until: Mutex<Option<Instant>>,
    pub(super) limit: IdleLimit,
}

impl Pool {
    pub(super) fn new(connector: Connector) -> Self {
        Self {
            connector,
            idle: Mutex::default(),
            separate_until: Mutex::default(),
            limit: IdleLimit::default(),
        }
    }

    /// Gives each call a connection of its own for a while. So an answer that turns a request away certainly belongs to it.
    pub(super) fn separate_calls(&self) {
        *self.separate_until() = Some(Instant::now() + SEPARATE);
        self.idle().clear();
    }

    /// Takes the connection that was used last, unless the server may close it soon.
    pub(super) fn take_idle(&self) -> Option<Connection> {
        if self
            .separate_until()
            .is_some_and(|until| Instant::now() < until)
        {
            return None;
        }
        let mut idle = self.idle();
        while let Some(connection) = idle.pop_back() {
            if self.is_fresh(&connection) {
                return Some(connection);
            }
        }
        None
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
            while idle.front().is_some_and(|oldest| !self.is_fresh(oldest)) {
                idle.pop_front();
            }
            idle.push_back(connection);
        }
    }

    fn separate_until(&self) -> MutexGuard<'_, Option<Instant>> {
        let until = self.separate_until.lock();
        until.unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<Connection>> {
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
