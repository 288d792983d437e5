use std::{ops::Deref, sync::Arc, time::Duration};

use hp_order::{Millis, Moment, Record};
use hp_queue::Claimed;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

/// A claimed order in this process. Its slot is free again when the last copy is gone.
#[derive(Clone)]
pub(crate) struct Held(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) claimed: Claimed,
    /// Redis' time of the take, and ours just before it was asked for.
    claimed_at: Millis,
    taken: Instant,
    _slot: OwnedSemaphorePermit,
}

impl Held {
    pub(crate) fn new(
        claimed: Claimed,
        claimed_at: Millis,
        taken: Instant,
        slot: OwnedSemaphorePermit,
    ) -> Self {
        Self(Arc::new(Inner {
            claimed,
            claimed_at,
            taken,
            _slot: slot,
        }))
    }
}

impl Deref for Held {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Inner {
    pub(crate) fn record(&self) -> &Record {
        &self.claimed.record
    }

    /// The time now by Redis' clock, told from ours.
    pub(crate) fn now(&self) -> Millis {
        self.claimed_at.plus(self.taken.elapsed())
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment {
            now: self.now(),
            jitter: rand::random(),
        }
    }

    /// Whether so much time has passed since the take that another worker may hold the order by now. A process
    /// that was stopped, or a machine that slept, finds out here before it sends anything.
    pub(crate) fn is_stale(&self, lease: Duration) -> bool {
        self.taken.elapsed() >= lease
    }
}
