//! The figures of this process and of its queue, for Prometheus.

mod queue;
mod shared_reading;

use std::time::Duration;

use prometheus_client::{
    encoding::prometheus_text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use hp_queue::{Inspector, Prefix};

use self::queue::QueueExport;
use crate::metrics::{ProcessMetrics, system_registry};

type Label = [(&'static str, &'static str); 1];

/// Counts reconciliation runs, lost log lines, lost spans and what the admin server refuses. Every label is present from the start, at zero.
pub(crate) struct Metrics {
    registry: Registry,
    /// What the operating system says about the process.
    system: Registry,
    runs: Family<Label, Counter>,
    orders: Family<Label, Counter>,
    last_run: Gauge,
    last_run_duration: Gauge<f64, std::sync::atomic::AtomicU64>,
    admin_refusals: Family<Label, Counter>,
    queue: Option<QueueExport>,
}

/// The end of a reconciliation run.
pub(crate) struct RunEnd {
    pub(crate) is_complete: bool,
    /// Unix ms.
    pub(crate) at: u64,
    pub(crate) took: Duration,
}

/// Why the admin server refuses connections and requests.
const ADMIN_REFUSALS: [&str; 4] = ["connections", "host", "token", "body"];

const COMPLETE: Label = [("end", "complete")];
const INCOMPLETE: Label = [("end", "incomplete")];

impl Metrics {
    /// Metrics of a process whose runs count orders under these names, together with those of `process`. `throttled` counts
    /// its throttled calls, `lost_log_lines` the lines that its log loses, and `lost_spans` the spans that no collector gets.
    pub(crate) fn new(
        figures: &[&'static str],
        process: &ProcessMetrics,
        throttled: Counter,
        lost_log_lines: Counter,
        lost_spans: Counter,
    ) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("hp"),
            system: system_registry(),
            runs: Family::default(),
            orders: Family::default(),
            last_run: Gauge::default(),
            last_run_duration: Gauge::default(),
            admin_refusals: Family::default(),
            queue: None,
        };
        process.register(&mut metrics.registry);
        metrics.register(throttled, lost_log_lines);
        let help = "Spans of traces that the collector did not accept";
        metrics
            .registry
            .register("trace_spans_lost", help, lost_spans);
        for end in [COMPLETE, INCOMPLETE] {
            metrics.runs.get_or_create(&end).inc_by(0);
        }
        for reason in ADMIN_REFUSALS {
            let label = [("reason", reason)];
            metrics.admin_refusals.get_or_create(&label).inc_by(0);
        }
        for name in figures {
            metrics.orders.get_or_create(&[("figure", name)]).inc_by(0);
        }
        metrics
    }

    /// The same metrics, and those of this queue.
    pub(crate) fn with_queue(mut self, inspector: Inspector, prefix: &Prefix) -> Self {
        self.queue = Some(QueueExport::new(inspector, prefix));
        self
    }

    fn register(&mut self, throttled: Counter, lost_log_lines: Counter) {
        let help =
            "Answers of a front end that asked to send less: HTTP 429, or 503 with Retry-After";
        self.registry.register("throttled_calls", help, throttled);
        let help = "Log lines that standard error did not accept";
        self.registry
            .register("log_lines_lost", help, lost_log_lines);
        let help = "Connections and requests that the admin server refused";
        let refusals = self.admin_refusals.clone();
        self.registry.register("admin_refusals", help, refusals);
        let registry = self.registry.sub_registry_with_prefix("reconcile");
        let help = "Reconciliation runs of this process";
        registry.register("runs", help, self.runs.clone());
        let help = "Orders in these runs, by what was found; every order that was checked also counts in `checked`";
        registry.register("orders", help, self.orders.clone());
        let help = "The end of the last of these runs, in Unix time";
        let gauge = self.last_run.clone();
        registry.register_with_unit("last_run_timestamp", help, Unit::Seconds, gauge);
        let help = "The duration of the last of these runs";
        let gauge = self.last_run_duration.clone();
        registry.register_with_unit("last_run_duration", help, Unit::Seconds, gauge);
    }

    /// Counts a run and the orders in it.
    pub(crate) fn count_run(
        &self,
        end: &RunEnd,
        figures: impl IntoIterator<Item = (&'static str, u64)>,
    ) {
        let label = if end.is_complete {
            COMPLETE
        } else {
            INCOMPLETE
        };
        self.runs.get_or_create(&label).inc();
        for (name, orders) in figures {
            self.orders
                .get_or_create(&[("figure", name)])
                .inc_by(orders);
        }
        self.last_run
            .set(i64::try_from(end.at / 1000).unwrap_or(i64::MAX));
        self.last_run_duration.set(end.took.as_secs_f64());
    }

    /// Counts a connection or a request that the admin server refuses.
    pub(crate) fn count_admin_refusal(&self, reason: &'static str) {
        let label = [("reason", reason)];
        self.admin_refusals.get_or_create(&label).inc();
    }

    /// The metrics in Prometheus' text format. Those of the queue are read from Redis now.
    pub(crate) async fn text(&self) -> String {
        let mut text = String::new();
        for registry in [&self.registry, &self.system] {
            encode(&mut text, registry).expect("writing to a string does not fail");
        }
        if let Some(queue) = &self.queue {
            text.push_str(&queue.text().await);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, name: &str) -> String {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .trim()
            .into()
    }

    #[tokio::test]
    async fn metrics_count_runs_and_start_at_zero() {
        let throttled = Counter::default();
        let figures = ["checked", "agreed", "to_review"];
        let process = ProcessMetrics::default();
        let metrics = Metrics::new(
            &figures,
            &process,
            throttled.clone(),
            Counter::default(),
            Counter::default(),
        );
        throttled.inc();
        metrics.count_admin_refusal("token");
        let end = RunEnd {
            is_complete: true,
            at: 1_700_000_001_500,
            took: Duration::from_millis(1500),
        };
        metrics.count_run(&end, [("checked", 7), ("agreed", 7)]);
        let text = metrics.text().await;
        for (name, expected) in [
            ("hp_reconcile_runs_total{end=\"complete\"}", "1"),
            ("hp_reconcile_runs_total{end=\"incomplete\"}", "0"),
            ("hp_reconcile_orders_total{figure=\"agreed\"}", "7"),
            ("hp_reconcile_orders_total{figure=\"to_review\"}", "0"),
            ("hp_throttled_calls_total", "1"),
            ("hp_reconcile_last_run_timestamp_seconds", "1700000001"),
            ("hp_reconcile_last_run_duration_seconds", "1.5"),
            ("hp_log_lines_lost_total", "0"),
            ("hp_trace_spans_lost_total", "0"),
            ("hp_admin_refusals_total{reason=\"connections\"}", "0"),
            ("hp_admin_refusals_total{reason=\"token\"}", "1"),
        ] {
            assert_eq!(value(&text, name), expected, "{name}");
        }
    }
}
