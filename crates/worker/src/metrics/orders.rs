use std::time::Duration;

use hp_order::{DEADLINE_PASSED, FailReason, Rejection, Status, TerminalOutcome};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use tokio::sync::OwnedSemaphorePermit;

type EndLabels = [(&'static str, &'static str); 2];

/// The reason of a completed order.
const NO_REASON: &str = "none";

/// From 10 ms to a day.
const BUCKETS: [f64; 16] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 10_800.0,
    86_400.0,
];

/// The orders that this process works on.
pub(crate) struct OrderMetrics {
    ended: Family<EndLabels, Counter>,
    duration: Histogram,
    attempts: Counter,
    queries: Counter,
    fenced_settles: Counter,
    in_flight: Gauge,
    free_slots: Gauge,
}

impl OrderMetrics {
    pub(super) fn new() -> Self {
        let ended = Family::<EndLabels, Counter>::default();
        for (status, reason) in ends() {
            drop(ended.get_or_create(&labels(status, reason)));
        }
        Self {
            ended,
            duration: Histogram::new(BUCKETS),
            attempts: Counter::default(),
            queries: Counter::default(),
            fenced_settles: Counter::default(),
            in_flight: Gauge::default(),
            free_slots: Gauge::default(),
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Orders that this process has ended, by the status and the reason of the result";
        registry.register("orders_ended", help, self.ended.clone());
        let help = "The time of these orders from their entry in the inbox to their result, by Redis' clock";
        let duration = self.duration.clone();
        registry.register_with_unit("order_duration", help, Unit::Seconds, duration);
        let help = "Submissions of orders to HitPoints that may have arrived";
        registry.register("attempts", help, self.attempts.clone());
        let help = "Queries for the record of an order, without their probes and controls";
        registry.register("queries", help, self.queries.clone());
        let help = "Outcomes that the ledger refused, because another worker has claimed the order or Redis has forgotten it";
        registry.register("fenced_settles", help, self.fenced_settles.clone());
        let help = "Orders that this worker has claimed and not settled yet";
        registry.register("orders_in_flight", help, self.in_flight.clone());
        let help = "Further orders that this worker can claim";
        registry.register("free_slots", help, self.free_slots.clone());
    }

    /// Counts an order that ended after this time.
    pub(crate) fn count_end(&self, outcome: &TerminalOutcome, took: Duration) {
        let labels = labels(outcome.status(), outcome.reason());
        self.ended.get_or_create(&labels).inc();
        self.duration.observe(took.as_secs_f64());
    }

    /// Counts a submission.
    pub(crate) fn count_attempt(&self) {
        self.attempts.inc();
    }

    /// Counts a query for the record of an order.
    pub(crate) fn count_query(&self) {
        self.queries.inc();
    }

    /// Counts an outcome that the ledger refused.
    pub(crate) fn count_fenced_settle(&self) {
        self.fenced_settles.inc();
    }

    /// Sets how many orders this worker processes at the same time.
    pub(crate) fn set_slots(&self, slots: usize) {
        let slots = i64::try_from(slots).unwrap_or(i64::MAX);
        self.free_slots.set(slots - self.in_flight.get());
    }

    /// Uses one of the slots.
    pub(crate) fn use_slot(&self, permit: OwnedSemaphorePermit) -> Slot {
        self.in_flight.inc();
        self.free_slots.dec();
        Slot {
            in_flight: self.in_flight.clone(),
            free: self.free_slots.clone(),
            _permit: permit,
        }
    }
}

/// A slot of the worker that is in use. It is free again when this is dropped.
pub(crate) struct Slot {
    in_flight: Gauge,
    free: Gauge,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.in_flight.dec();
        self.free.inc();
    }
}

/// Every way in which an order ends.
fn ends() -> impl Iterator<Item = (Status, Option<&'static str>)> {
    let failed = FailReason::ALL.map(|reason| (Status::Failed, Some(reason.as_str())));
    let rejected = Rejection::ALL.map(|reason| (Status::Rejected, Some(reason.as_str())));
    let others = [
        (Status::Completed, None),
        (Status::Expired, Some(DEADLINE_PASSED)),
    ];
    others.into_iter().chain(failed).chain(rejected)
}

fn labels(status: Status, reason: Option<&'static str>) -> EndLabels {
    let reason = reason.unwrap_or(NO_REASON);
    [("status", status.as_str()), ("reason", reason)]
}
