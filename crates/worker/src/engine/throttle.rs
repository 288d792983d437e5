use std::{
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// For how long a demand to send less may still slow the queue down.
const REMEMBERED: Duration = Duration::from_mins(10);

/// What a front end of HitPoints has asked this process for. Redis stores it for all workers; here it stops the orders that
/// this process has claimed already.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    until: Mutex<Option<Instant>>,
    noticed: Mutex<Option<Instant>>,
    drain: OnceLock<CancellationToken>,
    /// The answers that asked for it.
    pub(crate) answers: Counter,
}

impl Throttle {
    /// Stops the calls of this process for this time.
    pub(crate) fn slow_down(&self, time: Duration) {
        self.answers.inc();
        self.notice();
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(Some(Instant::now() + time));
    }

    /// Remembers that the queue is slowed down, which another process may have learned.
    pub(crate) fn notice(&self) {
        let mut noticed = self.noticed.lock().unwrap_or_else(PoisonError::into_inner);
        *noticed = Some(Instant::now());
    }

    /// Returns `true` if the queue may be slowed down, as far as this process knows.
    pub(crate) fn may_be_active(&self) -> bool {
        let noticed = *self.noticed.lock().unwrap_or_else(PoisonError::into_inner);
        noticed.is_some_and(|noticed| noticed.elapsed() < REMEMBERED)
    }

    /// Ends long waits for permits when this is cancelled: orders that are being processed must end within the drain time.
    pub(crate) fn drain_with(&self, stop: CancellationToken) {
        let _ = self.drain.set(stop);
    }

    /// Waits until the process drains, if it ever does.
    pub(crate) async fn drains(&self) {
        match self.drain.get() {
            Some(stop) => stop.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// For how long no call may be made.
    pub(crate) fn left(&self) -> Option<Duration> {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}
