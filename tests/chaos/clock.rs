use tokio::time::Instant;

/// Redis' time, told from ours.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) start: Instant,
    pub(crate) unix_ms: u64,
}

impl Clock {
    /// Unix milliseconds.
    pub(crate) fn now(&self) -> u64 {
        self.unix_ms + u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
