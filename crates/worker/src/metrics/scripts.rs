use std::time::Duration;

use hp_queue::Observer;
use prometheus_client::{
    metrics::{counter::Counter, histogram::Histogram},
    registry::Registry,
};

use super::{Histograms, ProcessMetrics, histograms, register_seconds};

/// The scripts that a process with metrics calls, and the label of all others.
pub(super) const SCRIPTS: [&str; 22] = [
    "acquire_permits",
    "balance_hold",
    "claim_batch",
    "claim_named",
    "join_queue",
    "lift_balance_hold",
    "metrics",
    "note_failure",
    "notifier",
    "pause",
    "publish_products",
    "renew",
    "report_alive",
    "report_difference",
    "report_watermark",
    "restore",
    "run_lease",
    "server_info",
    "settle",
    "slow_down",
    "status",
    OTHER,
];
pub(super) const OTHER: &str = "other";

/// The scripts that work on several orders in one call.
const BATCHES: [&str; 3] = ["claim_batch", "claim_named", "settle"];

/// From 0.1 ms to a second, and the timeout of a call.
const SECONDS: [f64; 13] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0,
];
/// From one order to more than any call takes.
const ORDERS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// The calls to Redis.
pub(super) struct QueueMetrics {
    durations: Histograms,
    duration_of: [Histogram; SCRIPTS.len()],
    batches: Histograms,
    batch_of: [Histogram; BATCHES.len()],
    lease_takeovers: Counter,
    reconnects: Counter,
}

impl QueueMetrics {
    pub(super) fn new() -> Self {
        let (durations, duration_of) = histograms(|| Histogram::new(SECONDS), "script", SCRIPTS);
        let (batches, batch_of) = histograms(|| Histogram::new(ORDERS), "script", BATCHES);
        Self {
            durations,
            duration_of,
            batches,
            batch_of,
            lease_takeovers: Counter::default(),
            reconnects: Counter::default(),
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "The duration of calls of scripts in Redis, as this process sees it: with the network and waits for the connection";
        register_seconds(registry, "script_duration", help, &self.durations);
        let help = "How many orders a call of a script has claimed or settled, without calls that found none";
        registry.register("script_batch_orders", help, self.batches.clone());
        let help =
            "Claims of orders whose former claim was never settled, mostly because its worker died";
        registry.register("lease_takeovers", help, self.lease_takeovers.clone());
        let help = "Connections to Redis that were made in place of broken ones";
        registry.register("redis_reconnects", help, self.reconnects.clone());
    }
}

fn position(names: &[&str], script: &str) -> Option<usize> {
    names.iter().position(|name| *name == script)
}

impl Observer for ProcessMetrics {
    fn script_called(&self, script: &'static str, took: Duration) {
        let place = position(&SCRIPTS, script).unwrap_or(SCRIPTS.len() - 1);
        self.queue.duration_of[place].observe(took.as_secs_f64());
    }

    fn orders_in_call(&self, script: &'static str, orders: usize) {
        if let Some(place) = position(&BATCHES, script) {
            let orders = u32::try_from(orders).unwrap_or(u32::MAX);
            self.queue.batch_of[place].observe(orders.into());
        }
    }

    fn leases_taken_over(&self, orders: u64) {
        self.queue.lease_takeovers.inc_by(orders);
    }

    fn reconnected(&self) {
        self.queue.reconnects.inc();
    }
}
