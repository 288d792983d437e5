use std::time::Duration;

/// How long to wait, and for how long to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Delays between tries.
    pub backoff: Backoff,
    /// How long after its last submission an order that HitPoints does not know may be submitted again:
    /// a delayed request may still arrive until then.
    pub resubmit_after: Duration,
    /// The age at which an order is given up: failed if it is known not to be charged, else given to a person.
    pub give_up_after: Duration,
    /// An order that took so many workers down with it is given to a person.
    pub max_crashes: u32,
}

/// Exponential backoff between a base and a ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    max: Duration,
}

/// A backoff that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A base of zero never grows.
    #[error("the base delay must be longer than zero")]
    ZeroBase,
    /// A ceiling below the base.
    #[error("the longest delay must not be shorter than the base delay")]
    MaxBelowBase,
}

/// Where the delays between record queries stand, in multiples of the base: about 2 s, 5 s, 15 s and 1 min
/// for the default base of a second. After these they double.
const CHECKS: [u32; 4] = [2, 5, 15, 60];

/// The longest pause while HitPoints is silent or the balance too low: what was waited for comes back unannounced,
/// and is to be noticed within a minute.
const LONGEST_OUTAGE_PAUSE: Duration = Duration::from_secs(30);

impl Backoff {
    /// Delays from `base` up to `max`.
    ///
    /// # Errors
    /// Where no sequence of growing delays is described.
    pub fn new(base: Duration, max: Duration) -> Result<Self, PolicyError> {
        if base.is_zero() {
            return Err(PolicyError::ZeroBase);
        }
        if max < base {
            return Err(PolicyError::MaxBelowBase);
        }
        Ok(Self { base, max })
    }

    /// The pause before the `nth` try (from 1): doubling, with full jitter, so that orders that failed
    /// together do not come back together.
    pub fn retry(&self, nth: u64, jitter: f64) -> Duration {
        self.doubled(self.base, nth.saturating_sub(1))
            .mul_f64(jitter)
    }

    /// The pause before the `nth` record query (from 1), give or take a quarter.
    pub fn check(&self, nth: u32, jitter: f64) -> Duration {
        let step = usize::try_from(nth.saturating_sub(1)).unwrap_or(usize::MAX);
        let about = if let Some(multiple) = CHECKS.get(step) {
            self.base.saturating_mul(*multiple).min(self.max)
        } else {
            let last = self.base.saturating_mul(CHECKS[CHECKS.len() - 1]);
            self.doubled(last, (step - CHECKS.len() + 1) as u64)
        };
        about.mul_f64(0.75 + jitter / 2.0).min(self.max)
    }

    /// The first and the longest pause between two tries whether HitPoints is back, by one order for all; they
    /// double in between.
    pub fn outage(&self) -> (Duration, Duration) {
        let longest = self.max.min(LONGEST_OUTAGE_PAUSE);
        (self.base.min(longest), longest)
    }

    /// The pause of an order whose balance is too low, and of the others of its currency, spread over a half of it.
    pub fn top_up(&self, jitter: f64) -> Duration {
        self.max
            .min(LONGEST_OUTAGE_PAUSE)
            .mul_f64(0.5 + jitter / 2.0)
    }

    fn doubled(&self, from: Duration, times: u64) -> Duration {
        let factor = 1_u32
            .checked_shl(u32::try_from(times).unwrap_or(u32::MAX))
            .unwrap_or(u32::MAX);
        from.saturating_mul(factor.max(1)).min(self.max)
    }
}
