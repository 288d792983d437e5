use std::time::Duration;

/// A point in time: Unix milliseconds of the Redis server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// Returns the time from `earlier` to this point, or zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Returns the point that is `duration` earlier.
    #[must_use]
    pub fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(whole_millis(duration)))
    }

    /// Returns the point that is `duration` later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(duration)))
    }
}

fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What a decision needs from outside: the time, and a random number.
#[derive(Clone, Copy, Debug)]
pub struct DecisionInputs {
    /// The time before the call to HitPoints, by the Redis server's clock. What must have passed is measured up to it.
    pub now: Millis,
    /// The time at which HitPoints' answer was there, by the same clock; `now` if no call was made. The age of HitPoints'
    /// record is measured up to the answer, so the age of the order is, too.
    pub answered_at: Millis,
    /// A random number from 0 up to, but not including, 1. It spreads delays.
    pub jitter: f64,
}

impl DecisionInputs {
    /// Creates the inputs of a decision without a call, or before the call.
    pub const fn new(now: Millis, jitter: f64) -> Self {
        Self {
            now,
            answered_at: now,
            jitter,
        }
    }

    /// Adds how long the call to HitPoints took.
    #[must_use]
    pub fn answered_after(self, call: Duration) -> Self {
        Self {
            answered_at: self.now.plus(call),
            ..self
        }
    }
}
