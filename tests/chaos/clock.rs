use tokio::time::Instant;

/// The clock of Redis, computed from the monotonic clock.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) start: Instant,
    pub(crate) unix_ms: u64,
}

impl Clock {
    /// The time of Redis in Unix milliseconds.
    pub(crate) fn now(&self) -> u64 {
        self.unix_ms + u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
