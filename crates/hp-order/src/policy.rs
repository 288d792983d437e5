use std::time::Duration;

/// How long an order waits, and for how long the worker tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Delays between attempts.
    pub backoff: Backoff,
    /// How long after its last submission an order that HitPoints does not know may be submitted again:
    /// until then a delayed request may still arrive.
    pub resubmit_after: Duration,
    /// The age at which the worker gives up: the order fails if it is known not to be charged, and otherwise goes to
    /// review.
    pub give_up_after: Duration,
    /// An order whose claimants vanished or panicked this often goes to review.
    pub max_crashes: u32,
    /// How much older than the order HitPoints' record may seem to be and still belong to it. HitPoints gives its times
    /// in whole seconds.
    pub clock_tolerance: Duration,
}

/// Exponential backoff between a base and a ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    max: Duration,
}

/// Why a [`Backoff`] is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A base of zero never grows.
    #[error("the base delay must be longer than zero")]
    ZeroBase,
    /// The ceiling is below the base.
    #[error("the longest delay must not be shorter than the base delay")]
    MaxBelowBase,
}

/// The delays before the first record queries, in multiples of the base: about 2 s, 5 s, 15 s and 1 min for the default
/// base of a second. Later delays double.
const CHECKS: [u32; 4] = [2, 5, 15, 60];

/// The longest delay while HitPoints is unreachable or the balance is too low. Both can end at any time, and the worker
/// must notice it within a minute.
const LONGEST_OUTAGE_DELAY: Duration = Duration::from_secs(30);

/// The longest time for which a front end can stop all calls. Then a few calls find out whether it still asks for it.
const LONGEST_SLOW_DOWN: Duration = Duration::from_mins(5);

impl Backoff {
    /// Creates a backoff from `base` up to `max`.
    ///
    /// # Errors
    /// `base` is zero, or `max` is below it.
    pub fn new(base: Duration, max: Duration) -> Result<Self, PolicyError> {
        if base.is_zero() {
            return Err(PolicyError::ZeroBase);
        }
        if max < base {
            return Err(PolicyError::MaxBelowBase);
        }
        Ok(Self { base, max })
    }

    /// Returns the base and the ceiling.
    pub const fn limits(&self) -> (Duration, Duration) {
        (self.base, self.max)
    }

    /// Returns the delay before the `nth` attempt (from 1). It doubles, with full jitter, so that orders that failed
    /// together do not come back together.
    pub fn retry(&self, nth: u64, jitter: f64) -> Duration {
        self.doubled(self.base, nth.saturating_sub(1))
            .mul_f64(jitter)
    }

    /// Returns the delay before the `nth` record query (from 1), plus or minus up to a quarter.
    pub fn check(&self, nth: u32, jitter: f64) -> Duration {
        let index = usize::try_from(nth.saturating_sub(1)).unwrap_or(usize::MAX);
        let delay = if let Some(multiple) = CHECKS.get(index) {
            self.base.saturating_mul(*multiple).min(self.max)
        } else {
            let last = self.base.saturating_mul(CHECKS[CHECKS.len() - 1]);
            self.doubled(last, (index - CHECKS.len() + 1) as u64)
        };
        delay.mul_f64(0.75 + jitter / 2.0).min(self.max)
    }

    /// Returns the first and the longest delay between two calls to an unreachable HitPoints. One order at a time makes
    /// the call for all orders, and the delays double in between.
    pub fn outage(&self) -> (Duration, Duration) {
        let longest = self.max.min(LONGEST_OUTAGE_DELAY);
        (self.base.min(longest), longest)
    }

    /// Returns how long a too low balance holds the orders of its currency: from half the longest delay to all of it.
    pub fn top_up(&self, jitter: f64) -> Duration {
        self.max
            .min(LONGEST_OUTAGE_DELAY)
            .mul_f64(0.5 + jitter / 2.0)
    }

    /// Returns for how long no worker calls after a front end has asked to send less: the time that it asks for, from a second
    /// to five minutes. A base below a second shortens the minimum.
    pub fn slow_down(&self, asked: Option<Duration>) -> Duration {
        let shortest = self.base.min(Duration::from_secs(1));
        asked.unwrap_or_default().clamp(shortest, LONGEST_SLOW_DOWN)
    }

    fn doubled(&self, delay: Duration, times: u64) -> Duration {
        let factor = 1_u32
            .checked_shl(u32::try_from(times).unwrap_or(u32::MAX))
            .unwrap_or(u32::MAX);
        delay.saturating_mul(factor.max(1)).min(self.max)
    }
}
