use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;
use tokio::time::Instant;

/// What a front end of HitPoints has asked this process for. Redis stores it for all workers; here it stops the orders that
/// this process has claimed already.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    until: Mutex<Option<Instant>>,
    /// The answers that asked for it.
    pub(crate) answers: Counter,
}

impl Throttle {
    /// Stops the calls of this process for this time.
    pub(crate) fn slow_down(&self, time: Duration) {
        self.answers.inc();
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(Some(Instant::now() + time));
    }

    /// For how long no call may be made.
    pub(crate) fn left(&self) -> Option<Duration> {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}
