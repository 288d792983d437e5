use std::time::Duration;

/// A point in time: Unix milliseconds of the Redis server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// The time from `earlier` to this point, zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The point `by` earlier.
    #[must_use]
    pub fn before(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// This point moved on by `by`.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)),
        )
    }
}

/// What the outside world adds to a decision: the time, and a throw of the dice.
#[derive(Clone, Copy, Debug)]
pub struct DecisionInputs {
    /// The time now, by the Redis server's clock.
    pub now: Millis,
    /// A random number from 0 up to, not including, 1. Delays are spread with it.
    pub jitter: f64,
}
