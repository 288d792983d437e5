//! What is counted, for Prometheus.

use prometheus_client::{
    encoding::prometheus_text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use crate::reconcile::Report;

type Label = [(&'static str, &'static str); 1];

/// The figures of this process. All are there from the start, at zero.
pub(crate) struct Metrics {
    registry: Registry,
    runs: Family<Label, Counter>,
    orders: Family<Label, Counter>,
    last_run: Gauge,
    last_run_took: Gauge,
}

const COMPLETE: Label = [("end", "complete")];
const INCOMPLETE: Label = [("end", "incomplete")];

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("hp_reconcile"),
            runs: Family::default(),
            orders: Family::default(),
            last_run: Gauge::default(),
            last_run_took: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register(
            "runs",
            "Reconciliation runs that this process made",
            metrics.runs.clone(),
        );
        registry.register(
            "orders",
            "Orders in these runs, by what was found; one that was looked at is in `looked_at`, too",
            metrics.orders.clone(),
        );
        registry.register_with_unit(
            "last_run_timestamp",
            "When the last of these runs ended, in Unix time",
            Unit::Seconds,
            metrics.last_run.clone(),
        );
        registry.register_with_unit(
            "last_run_duration",
            "How long the last of these runs took",
            Unit::Other("milliseconds".into()),
            metrics.last_run_took.clone(),
        );
        for end in [COMPLETE, INCOMPLETE] {
            metrics.runs.get_or_create(&end).inc_by(0);
        }
        for (name, figure) in Report::default().figures() {
            metrics
                .orders
                .get_or_create(&[("figure", name)])
                .inc_by(figure);
        }
        metrics
    }

    /// Takes in what a run came to.
    pub(crate) fn count(&self, report: &Report) {
        let is_complete = report.incomplete.is_none();
        let end = if is_complete { COMPLETE } else { INCOMPLETE };
        self.runs.get_or_create(&end).inc();
        for (name, figure) in report.figures() {
            self.orders
                .get_or_create(&[("figure", name)])
                .inc_by(figure);
        }
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        self.last_run.set(whole(report.finished_at / 1000));
        self.last_run_took.set(whole(report.took()));
    }

    /// As Prometheus reads them.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("text can always be added to a string");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, start: &str) -> String {
        let line = text.lines().find_map(|line| line.strip_prefix(start));
        line.unwrap_or_else(|| panic!("no {start} in {text}"))
            .trim()
            .into()
    }

    #[test]
    fn a_run_is_counted_and_what_was_not_counted_yet_stands_at_zero() {
        let metrics = Metrics::new();
        metrics.count(&Report {
            started_at: 1_700_000_000_000,
            finished_at: 1_700_000_001_500,
            looked_at: 7,
            agreed: 7,
            ..Report::default()
        });
        let text = metrics.text();
        for (name, value) in [
            ("hp_reconcile_runs_total{end=\"complete\"}", "1"),
            ("hp_reconcile_runs_total{end=\"incomplete\"}", "0"),
            ("hp_reconcile_orders_total{figure=\"agreed\"}", "7"),
            ("hp_reconcile_orders_total{figure=\"to_review\"}", "0"),
            ("hp_reconcile_last_run_timestamp_seconds", "1700000001"),
            ("hp_reconcile_last_run_duration_milliseconds", "1500"),
        ] {
            assert_eq!(line(&text, name), value, "{name}");
        }
    }
}
