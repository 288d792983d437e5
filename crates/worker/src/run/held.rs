use std::{
    ops::Deref,
    sync::Arc,
    time::{Duration, SystemTime},
};

use hp_order::{DecisionInputs, Millis, Record};
use hp_queue::Claim;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use crate::clock;

/// A claimed order in this process. Its slot is free again when the last copy is gone.
#[derive(Clone)]
pub(crate) struct ClaimedOrder(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) claimed: Claim,
    take: ClaimTimes,
    _slot: OwnedSemaphorePermit,
}

/// The times of the take that brought an order.
#[derive(Clone, Copy)]
pub(crate) struct ClaimTimes {
    /// Redis' time, in the middle of the take.
    now: Millis,
    answered: Instant,
    asked: ClaimRequestTime,
}

/// Our time when a take was asked for. No lease that it brings began before.
#[derive(Clone, Copy)]
pub(crate) struct ClaimRequestTime {
    at: Instant,
    by_the_clock: SystemTime,
}

impl ClaimRequestTime {
    pub(crate) fn now() -> Self {
        Self {
            at: Instant::now(),
            by_the_clock: clock::now(),
        }
    }

    /// The take was answered: Redis' time was `now`.
    pub(crate) fn answered(self, now: Millis) -> ClaimTimes {
        ClaimTimes {
            now,
            answered: Instant::now(),
            asked: self,
        }
    }
}

impl ClaimedOrder {
    pub(crate) fn new(claimed: Claim, take: ClaimTimes, slot: OwnedSemaphorePermit) -> Self {
        Self(Arc::new(Inner {
            claimed,
            take,
            _slot: slot,
        }))
    }
}

impl Deref for ClaimedOrder {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Inner {
    pub(crate) fn record(&self) -> &Record {
        &self.claimed.record
    }

    /// The time by Redis' clock, told from ours: never ahead of it.
    pub(crate) fn now(&self) -> Millis {
        self.take.now.plus(self.take.answered.elapsed())
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the edge: randomness is read here"
    )]
    pub(crate) fn moment(&self) -> DecisionInputs {
        DecisionInputs {
            now: self.now(),
            jitter: rand::random(),
        }
    }

    /// Whether so much time has passed since the take that another worker may hold the order by now. A process
    /// that was stopped finds out here before it sends anything; so does a machine that slept, by the wall
    /// clock, because the other one sleeps with it.
    pub(crate) fn is_stale(&self, lease: Duration) -> bool {
        let asked = &self.take.asked;
        let by_the_clock = clock::now().duration_since(asked.by_the_clock);
        asked.at.elapsed() >= lease || by_the_clock.map_or(true, |passed| passed >= lease)
    }
}
