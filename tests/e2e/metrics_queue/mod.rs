//! The figures of the queue on `/metrics`: each is made to happen by workers, the vendor and Redis.

mod charges;
mod drift;
mod obstacles;
mod orders;
mod streams;
mod unreadable;

use std::collections::{BTreeMap, BTreeSet};

use e2e::{TIMEOUT, Worker, World};

use crate::admin_server::http_get;

/// What one scrape has shown: the value of each series, by its name and labels without `queue`.
pub(crate) struct Scrape {
    pub(crate) text: String,
    series: BTreeMap<String, f64>,
}

impl Scrape {
    pub(crate) async fn of(worker: &Worker) -> Self {
        let answer = http_get(worker, "/metrics").await;
        let (_, text) = answer.split_once("\r\n\r\n").unwrap();
        let series = text.lines().filter_map(|line| line.rsplit_once(' '));
        let series = series.filter(|(name, _)| name.starts_with("hp_queue_"));
        let series = series.map(|(name, value)| (of_queue(name), value.parse().unwrap()));
        Self {
            series: series.collect(),
            text: text.into(),
        }
    }

    /// The value of a series such as `open_orders{state="review"}`.
    pub(crate) fn value(&self, series: &str) -> Option<f64> {
        self.series.get(series).copied()
    }

    fn names(&self) -> BTreeSet<&str> {
        self.series.keys().map(String::as_str).collect()
    }
}

/// Every series says which queue it is about.
fn of_queue(name: &str) -> String {
    let name = name.strip_prefix("hp_queue_").unwrap();
    let Some((metric, labels)) = name.split_once("{queue=\"{hp}\"") else {
        panic!("{name} names no queue");
    };
    let labels = labels.trim_end_matches('}').trim_start_matches(',');
    if labels.is_empty() {
        metric.into()
    } else {
        format!("{metric}{{{labels}}}")
    }
}

/// Scrapes until these series have these values.
pub(crate) async fn wait_for(worker: &Worker, wanted: &[(&str, f64)]) -> Scrape {
    let mut last = String::new();
    let look = async {
        loop {
            let scrape = Scrape::of(worker).await;
            if wanted
                .iter()
                .all(|(name, value)| scrape.value(name) == Some(*value))
            {
                return scrape;
            }
            last = scrape.text;
            tokio::task::yield_now().await;
        }
    };
    let seen = tokio::time::timeout(TIMEOUT, look).await;
    seen.unwrap_or_else(|_| panic!("never {wanted:?}, at last {last}"))
}

/// A worker that claims nothing, because the queue is paused.
async fn idle_worker(world: &World) -> Worker {
    world.control().pause("a test", "Ada").await.unwrap();
    world.worker()
}

/// A worker that makes no reconciliation run: that of the present tick is done.
async fn worker_without_runs(world: &World) -> Worker {
    let now = world.now().await.to_string();
    let words = ["HSET", "{hp}:reconcile", "done", &now];
    world.redis.command::<u64>(&words).await;
    world.worker_with(&[("HP_RECONCILE__SCHEDULE", "0 0 1 1 *")])
}

/// Every metric with its type, and its labels but `queue`.
const METRICS: [(&str, &str, &[&str]); 23] = [
    ("up", "gauge", &[]),
    (
        "open_orders",
        "gauge",
        &[
            "state=\"queued\"",
            "state=\"submitting\"",
            "state=\"uncertain\"",
            "state=\"waiting\"",
            "state=\"review\"",
        ],
    ),
    ("review_orders", "gauge", &[]),
    ("due_orders", "gauge", &[]),
    ("schedule_lag_seconds", "gauge", &[]),
    ("oldest_open_order_age_seconds", "gauge", &[]),
    ("inbox_entries", "gauge", &[]),
    ("inbox_oldest_age_seconds", "gauge", &[]),
    ("lost_entries_total", "counter", &[]),
    ("dead_letters", "gauge", &[]),
    ("balance_holds", "gauge", &[]),
    ("held_orders", "gauge", &[]),
    ("paused", "gauge", &[]),
    ("breaker_open", "gauge", &[]),
    ("notifications_pending", "gauge", &[]),
    ("notifications_delivered_total", "counter", &[]),
    ("notifications_undelivered_total", "counter", &[]),
    ("replays_waiting", "gauge", &[]),
    (
        "result_stream_bytes",
        "gauge",
        &["stream=\"common\"", "stream=\"own\""],
    ),
    ("workers", "gauge", &[]),
    ("faulty_workers", "gauge", &[]),
    ("reconcile_last_run_timestamp_seconds", "gauge", &[]),
    (
        "charged_today_minor_units",
        "gauge",
        &["currency=\"CNY\"", "currency=\"USD\""],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_of_the_queue_starts_at_zero() {
    let world = World::start();
    let worker = worker_without_runs(&world).await;
    let scrape = wait_for(
        &worker,
        &[
            ("workers", 1.0),
            ("charged_today_minor_units{currency=\"USD\"}", 0.0),
        ],
    )
    .await;
    let mut wanted = BTreeSet::new();
    for (metric, kind, labels) in METRICS {
        let line = format!("# TYPE hp_queue_{metric} {kind}\n");
        assert_eq!(scrape.text.matches(&line).count(), 1, "{line}");
        let help = format!("# HELP hp_queue_{metric} ");
        assert_eq!(scrape.text.matches(&help).count(), 1, "{help}");
        wanted.extend(labels.iter().map(|label| format!("{metric}{{{label}}}")));
        if labels.is_empty() {
            wanted.insert(metric.to_owned());
        }
    }
    let wanted: BTreeSet<_> = wanted.iter().map(String::as_str).collect();
    assert_eq!(scrape.names(), wanted);
    for name in scrape.names() {
        let is_one = ["up", "workers"].contains(&name);
        assert_eq!(
            scrape.value(name),
            Some(f64::from(u8::from(is_one))),
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduled_reconciler_exports_the_queue_too() {
    let world = World::start();
    world.enqueue("A-1", 1).await;
    let reconciler = Worker::start_reconciler(&world.settings(&[]));
    wait_for(
        &reconciler,
        &[("up", 1.0), ("inbox_entries", 1.0), ("workers", 0.0)],
    )
    .await;
}
