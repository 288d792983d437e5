use std::{
    ops::Deref,
    sync::Arc,
    time::{Duration, SystemTime},
};

use hp_order::{Millis, Record};
use hp_queue::Claim;
use opentelemetry::trace::SpanContext;
use tokio::time::Instant;

use crate::{clock, metrics::Slot};

/// An order that this process has claimed. Its slot is free again when the last copy is dropped.
#[derive(Clone)]
pub(crate) struct ClaimedOrder(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) claim: Claim,
    times: ClaimTimes,
    /// The span in which the order was admitted, if this claim has done it and traces are exported.
    pub(crate) admission: Option<SpanContext>,
    _slot: Slot,
}

/// When an order was claimed, by the clocks of Redis and of this process.
#[derive(Clone, Copy)]
pub(crate) struct ClaimTimes {
    /// By Redis' clock.
    redis: Millis,
    answered: Instant,
    request: ClaimRequestTime,
}

/// When this process sent a claim request. No lease that the request brings began earlier.
#[derive(Clone, Copy)]
pub(crate) struct ClaimRequestTime {
    monotonic: Instant,
    wall: SystemTime,
}

impl ClaimRequestTime {
    pub(crate) fn now() -> Self {
        Self {
            monotonic: Instant::now(),
            wall: clock::now(),
        }
    }

    /// Adds the answer of Redis, which has just arrived and was sent at Redis' time `redis`.
    pub(crate) fn answered(self, redis: Millis) -> ClaimTimes {
        ClaimTimes {
            redis,
            answered: Instant::now(),
            request: self,
        }
    }
}

impl ClaimTimes {
    /// When the request was sent, by the wall clock.
    pub(crate) fn sent_at(&self) -> SystemTime {
        self.request.wall
    }
}

impl ClaimedOrder {
    pub(crate) fn new(
        claim: Claim,
        times: ClaimTimes,
        admission: Option<SpanContext>,
        slot: Slot,
    ) -> Self {
        Self(Arc::new(Inner {
            claim,
            times,
            admission,
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
        &self.claim.record
    }

    /// Redis' time, derived from the time that has passed here since the claim. Never ahead of Redis' clock.
    pub(crate) fn now(&self) -> Millis {
        self.times.redis.plus(self.times.answered.elapsed())
    }

    /// `true` if another worker may have claimed the order since. A process that was suspended notices it here, before
    /// it sends anything. The wall clock covers a machine that slept, because the monotonic clock sleeps with it.
    pub(crate) fn is_lease_over(&self, lease: Duration) -> bool {
        let request = &self.times.request;
        let passed = clock::now().duration_since(request.wall);
        request.monotonic.elapsed() >= lease || passed.map_or(true, |passed| passed >= lease)
    }
}
