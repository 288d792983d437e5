//! The worker's side of a queue: it claims orders and settles them.

mod charge;
pub(crate) mod claim;
pub(crate) mod claim_orders;
mod epoch;
pub(crate) mod look;
mod packed;
pub(crate) mod preview;
mod read_claims;
mod record_changes;
pub(crate) mod restore;
pub(crate) mod settle;
pub(crate) mod settle_group;
mod watermark;
pub(crate) mod worker;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    agreement::Agreement,
    error::QueueError,
    fields::FieldReader,
    handle::Handle,
    rules::{Rules, millis},
};
use epoch::DoubtTimes;
use settle_group::SettleQueue;
use watermark::{EpochNews, EpochWatermark};

/// The worker's side of a queue: claims orders, renews their leases and settles them. Cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    handle: Handle,
    agreement: Agreement,
    watermark: Arc<Mutex<EpochWatermark>>,
    old_master: Arc<Mutex<Option<Duration>>>,
    clock_step: Arc<Mutex<ClockStep>>,
    settles: Arc<SettleQueue>,
    reports_replays: bool,
}

/// The last step of Redis' clock that this process has noticed.
#[derive(Default)]
struct ClockStep {
    /// By how many milliseconds, if nobody has asked yet.
    unreported: Option<i64>,
    noticed: Option<Instant>,
}

impl Ledger {
    /// Creates the ledger of a queue, with the account and the rules that all its workers share.
    pub fn new(handle: Handle, agreement: impl Into<Agreement>) -> Self {
        Self {
            handle,
            agreement: agreement.into(),
            watermark: Arc::default(),
            old_master: Arc::default(),
            clock_step: Arc::default(),
            settles: Arc::default(),
            reports_replays: false,
        }
    }

    /// Makes claims report the results that they publish again, for traces.
    #[must_use]
    pub fn reporting_replays(self) -> Self {
        Self {
            reports_replays: true,
            ..self
        }
    }

    /// Sets for how long an old master accepts writes after the promotion of its replica: `min-replicas-max-lag` of Redis, if
    /// `min-replicas-to-write` is set. `None`, as at first: without limit, so orders in doubt wait longer after a promotion.
    pub fn limit_old_master(&self, accepts_writes: Option<Duration>) {
        *lock(&self.old_master) = accepts_writes;
    }

    /// Returns by how many milliseconds Redis' clock was set, if this process has noticed it since the last call. No order is
    /// claimed for one lease after it.
    pub fn take_clock_step(&self) -> Option<i64> {
        lock(&self.clock_step).unreported.take()
    }

    /// Returns `true` if this process has noticed within this time that Redis' clock was set. Stored times may be wrong then.
    pub fn has_clock_stepped_within(&self, time: Duration) -> bool {
        let noticed = lock(&self.clock_step).noticed;
        noticed.is_some_and(|noticed| noticed.elapsed() < time)
    }

    /// For how long an old master may give out claims, in milliseconds.
    fn old_master_time(&self) -> u64 {
        millis(self.doubt_times(Duration::ZERO).old_master())
    }

    fn doubt_times(&self, lease: Duration) -> DoubtTimes {
        DoubtTimes {
            lease,
            longest_processing: self.rules().longest_processing,
            resubmit_after: self.rules().policy.resubmit_after,
            old_master: *lock(&self.old_master),
        }
    }

    /// Learns from the answer of a script that reports the epoch.
    fn learn(&self, answer: &FieldReader<'_>) -> Result<(), QueueError> {
        let news = EpochNews::read(answer)?;
        if let Some(step) = answer.parse("clock_step").map_err(QueueError::Protocol)? {
            let mut known = lock(&self.clock_step);
            (known.unreported, known.noticed) = (Some(step), Some(Instant::now()));
        }
        self.watermark().learn(news, Instant::now());
        Ok(())
    }

    /// The epoch of Redis that this process knows, empty before the first call. It changes with a restart or a failover.
    pub fn known_epoch(&self) -> String {
        self.watermark().epoch.to_string()
    }

    fn rules(&self) -> Rules {
        self.agreement.rules()
    }

    fn watermark(&self) -> MutexGuard<'_, EpochWatermark> {
        lock(&self.watermark)
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
