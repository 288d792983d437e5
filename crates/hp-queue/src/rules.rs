use std::time::Duration;

use hp_order::Policy;

use crate::seal::Recipients;

/// The longest lease that a worker may claim an order for. The scripts know it, too.
pub const LONGEST_LEASE: Duration = Duration::from_hours(1);

/// Which part of the rate a caller may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateShare {
    /// All of it: new orders and operators.
    All,
    /// A quarter, for all reconciliation runs together. So new orders keep at least three quarters.
    Runs,
}

impl RateShare {
    /// The rate divided by this is the share.
    pub(crate) const fn parts(self) -> u64 {
        match self {
            Self::All => 1,
            Self::Runs => 4,
        }
    }
}

/// The rules that all workers of a queue share.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How long ended orders and results are kept.
    pub retention: Retention,
    /// The policy of an order's life.
    pub policy: Policy,
    /// The longest time that a worker may process one order: its lease and a call.
    pub longest_processing: Duration,
    /// The time from one call to the next, over all workers, if their rate is limited.
    pub interval: Option<Duration>,
    /// The public keys to which cards are sealed.
    pub seal_to: Recipients,
}

/// How long ended orders and results are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Entries of result streams, read or not.
    pub results: Duration,
    /// Records of ended orders. While one is kept, a repetition of its order is recognised.
    pub ledger: Duration,
}

impl Rules {
    /// Returns the time from one call to the next in microseconds. Zero: no limit.
    pub(crate) fn call_interval(&self) -> u64 {
        self.interval.map_or(0, |interval| {
            u64::try_from(interval.as_micros())
                .unwrap_or(u64::MAX)
                .max(1)
        })
    }

    /// Returns the longest time for which an order waits in the schedule, in milliseconds. An order that seems to wait
    /// longer was scheduled before Redis' clock was set back. A lease ends before this time, too.
    pub(crate) fn longest_delay(&self) -> u64 {
        let Policy {
            backoff,
            resubmit_after,
            ..
        } = self.policy;
        // After a promotion an order waits for the old master as well.
        millis(backoff.limits().1.max(2 * resubmit_after))
    }

    /// Returns for how long no worker calls after a front end has asked to send less, in milliseconds.
    pub(crate) fn slow_down(&self, asked: Option<Duration>) -> u64 {
        millis(self.policy.backoff.slow_down(asked))
    }

    /// Returns the longest time for which a balance hold can be set, in milliseconds.
    pub(crate) fn balance_pause(&self) -> u64 {
        millis(self.policy.backoff.top_up(1.0))
    }

    /// Returns the longest time for which the breaker can be set, in milliseconds: a pause, or the call of a single order.
    pub(crate) fn longest_probe(&self) -> u64 {
        let (_, longest_pause) = self.policy.backoff.outage();
        millis(self.longest_processing.max(longest_pause))
    }
}

/// Returns a duration in whole milliseconds, as scripts take it.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
