use std::{collections::BTreeMap, time::Duration};

use e2e::World;

use super::Scrape;
use crate::admin_server::http_get;

/// What Prometheus wants of the names: a base unit, or the thing that is counted.
const UNITS: [&str; 10] = [
    "_seconds",
    "_bytes",
    "_total",
    "_info",
    "_orders",
    "_orders_in_flight",
    "_slots",
    "_fds",
    "hp_queue",
    "_up",
];

/// The words that labels have in a worker that has done nothing yet.
const LABELS: [(&str, &str, &[&str]); 6] = [
    (
        "hp_orders_ended_total",
        "reason",
        &[
            "none",
            "refused",
            "gave_up",
            "resolved",
            "closed",
            "unknown_product",
            "quantity_over_limit",
            "deadline_passed",
        ],
    ),
    (
        "hp_orders_ended_total",
        "status",
        &["completed", "failed", "rejected", "expired"],
    ),
    (
        "hp_http_requests_total",
        "endpoint",
        &["fetch", "query", "products"],
    ),
    (
        "hp_http_requests_total",
        "class",
        &[
            "ok",
            "error_code",
            "no_data",
            "pending",
            "mismatch",
            "unverified",
            "invalid_answer",
            "throttled",
            "http_4xx",
            "http_5xx",
            "http_other",
            "timeout",
            "connection_lost",
            "connect_failed",
            "abandoned",
        ],
    ),
    (
        "hp_script_batch_orders_count",
        "script",
        &["claim_batch", "claim_named", "settle"],
    ),
    (
        "hp_admin_refusals_total",
        "reason",
        &["connections", "host", "token", "body"],
    ),
];

/// The names with their help and their type.
fn described(text: &str) -> BTreeMap<&str, (&str, &str)> {
    let about = |start: &'static str| {
        let lines = text
            .lines()
            .filter_map(move |line| line.strip_prefix(start));
        lines.map(|line| line.split_once(' ').unwrap())
    };
    let types: BTreeMap<_, _> = about("# TYPE ").collect();
    let helps: BTreeMap<_, _> = about("# HELP ").collect();
    assert_eq!(about("# HELP ").count(), helps.len(), "a name is repeated");
    let described = helps
        .into_iter()
        .map(|(name, help)| (name, (help, types[name])));
    described.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_has_help_type_and_unit() {
    let world = World::start();
    let worker = world.worker();
    let answer = http_get(&worker, "/metrics").await;
    let (_, text) = answer.split_once("\r\n\r\n").unwrap();
    let described = described(text);
    for (name, (help, kind)) in &described {
        assert!(
            help.len() > 10 && help.ends_with('.') && !help.ends_with(".."),
            "{name}: {help}"
        );
        let has_unit = UNITS.iter().any(|unit| name.contains(unit));
        assert!(has_unit, "{name} has no unit");
        assert_eq!(name.ends_with("_total"), *kind == "counter", "{name}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|end| {
            let base = name.strip_suffix(end)?;
            described.get(base).filter(|(_, kind)| *kind == "histogram")
        });
        let known = described.get(name).or(of_histogram);
        assert!(known.is_some(), "{line} has no type");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_are_present_from_the_start() {
    let world = World::start();
    let worker = world.worker();
    let scrape = Scrape::of(&worker).await;
    for (metric, label, words) in LABELS {
        let samples = scrape
            .0
            .keys()
            .filter(|name| name.starts_with(&format!("{metric}{{")));
        let mut found: Vec<_> = samples
            .map(|name| {
                let (_, rest) = name.split_once(&format!("{label}=\"")).unwrap();
                rest.split_once('"').unwrap().0
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        let mut words = words.to_vec();
        words.sort_unstable();
        assert_eq!(found, words, "{metric}");
    }
    // One for the product list, at the start of the worker.
    assert_eq!(scrape.sum("hp_http_requests_total{endpoint=\"fetch\""), 0);
    assert_eq!(scrape.ended(), 0);
    for name in [
        "hp_attempts_total",
        "hp_queries_total",
        "hp_lease_takeovers_total",
        "hp_fenced_settles_total",
        "hp_redis_reconnects_total",
        "hp_throttled_calls_total",
        "hp_log_lines_lost_total",
        "hp_orders_in_flight",
        "hp_order_duration_seconds_count",
        "hp_reconcile_runs_total{end=\"complete\"}",
        "hp_reconcile_last_run_timestamp_seconds",
        "hp_reconcile_last_run_duration_seconds",
    ] {
        assert_eq!(scrape.count(name), 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn build_is_named() {
    let world = World::start();
    let worker = world.worker();
    let scrape = Scrape::of(&worker).await;
    let version = env!("CARGO_PKG_VERSION");
    let build = format!("hp_build_info{{version=\"{version}\",commit=\"");
    assert_eq!(scrape.sum(&build), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn process_is_measured() {
    let world = World::start();
    let before = world.now().await;
    let worker = world.worker();
    let scrape = Scrape::of(&worker).await;
    let now = world.now().await;
    assert!(scrape.measure("process_resident_memory_bytes") > 1_000_000.0);
    assert!(scrape.measure("process_cpu_seconds_total") > 0.0);
    let open = scrape.measure("process_open_fds");
    let most = scrape.measure("process_max_fds");
    assert!(open > 3.0 && open < most, "{open} of {most}");
    let started = scrape.measure("process_start_time_seconds");
    let started = Duration::from_secs_f64(started).as_millis();
    assert!(
        (u128::from(before)..=u128::from(now)).contains(&started),
        "{started}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_contain_nothing_from_outside() {
    let world = World::start();
    let worker = world.worker();
    world.enqueue("SECRET-ID~code-499123", 1).await;
    Scrape::until(&worker, |scrape| {
        scrape.count("hp_http_requests_total{endpoint=\"fetch\",class=\"error_code\"}") > 0
    })
    .await;
    let answer = http_get(&worker, "/metrics").await;
    for word in ["SECRET", "499123", "demo", "2~"] {
        assert!(!answer.contains(word), "{word} in {answer}");
    }
}
