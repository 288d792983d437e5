use std::time::Duration;

use hp_order::Policy;

/// What all workers of a queue keep to.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How long what has ended is kept.
    pub retention: Retention,
    /// Of the orders' life.
    pub policy: Policy,
    /// The longest that a worker may be at one order: its lease and a call.
    pub longest_turn: Duration,
    /// The time from one call to the next, over all workers, if their rate is limited.
    pub interval: Option<Duration>,
}

/// How long what has ended is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Entries of result streams, read or not.
    pub results: Duration,
    /// Ledger records of ended orders; while one is kept, a repetition of its order is recognised.
    pub ledger: Duration,
}

impl Rules {
    /// The time from one call to the next in microseconds; zero: no limit.
    pub(crate) fn call_interval(&self) -> u64 {
        self.interval.map_or(0, |interval| {
            u64::try_from(interval.as_micros())
                .unwrap_or(u64::MAX)
                .max(1)
        })
    }
}

/// A duration in whole milliseconds, as scripts take it.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
