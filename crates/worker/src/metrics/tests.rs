use std::{sync::Arc, time::Duration};

use hp_api::{CallClass, Endpoint, HttpCall};
use hp_order::{FailReason, Rejection, Source, TerminalOutcome};
use hp_queue::Observer;
use prometheus_client::{encoding::prometheus_text::encode, registry::Registry};
use tokio::sync::Semaphore;

use super::{
    ProcessMetrics,
    scripts::{OTHER, SCRIPTS},
};

/// The scripts that only commands call. They count as `other`.
const SCRIPTS_OF_COMMANDS: [&str; 5] = [
    "preview_claims",
    "requeue_dead_letter",
    "resume",
    "snapshot",
    "switch_account",
];

fn text(metrics: &ProcessMetrics) -> String {
    let mut registry = Registry::with_prefix("hp");
    metrics.register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry).unwrap();
    text
}

fn assert_lines(metrics: &ProcessMetrics, lines: &[&str]) {
    let text = text(metrics);
    for line in lines {
        assert!(text.contains(&format!("\n{line}\n")), "no {line} in {text}");
    }
}

#[test]
fn script_labels_are_the_scripts_of_the_queue() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../hp-queue/src/scripts");
    let files = std::fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let scripts = names.filter_map(|name| Some(name.strip_suffix(".lua")?.to_owned()));
    let mut scripts: Vec<_> = scripts.collect();
    scripts.sort();
    let labels = SCRIPTS.into_iter().filter(|label| *label != OTHER);
    let mut known: Vec<_> = labels.chain(SCRIPTS_OF_COMMANDS).collect();
    known.sort_unstable();
    assert_eq!(known, scripts);
}

#[test]
fn ends_of_orders_are_counted_by_reason() {
    let metrics = ProcessMetrics::default();
    let (reason, source) = (FailReason::Closed, Source::Reconcile);
    for outcome in [
        TerminalOutcome::Expired,
        TerminalOutcome::Rejected(Rejection::UnknownProduct),
        TerminalOutcome::Failed { reason, source },
    ] {
        metrics.orders.count_end(&outcome, Duration::from_secs(20));
    }
    assert_lines(
        &metrics,
        &[
            "hp_orders_ended_total{status=\"completed\",reason=\"none\"} 0",
            "hp_orders_ended_total{status=\"failed\",reason=\"closed\"} 1",
            "hp_orders_ended_total{status=\"failed\",reason=\"refused\"} 0",
            "hp_orders_ended_total{status=\"rejected\",reason=\"unknown_product\"} 1",
            "hp_orders_ended_total{status=\"expired\",reason=\"deadline_passed\"} 1",
            "hp_order_duration_seconds_bucket{le=\"10\"} 0",
            "hp_order_duration_seconds_bucket{le=\"30\"} 3",
            "hp_order_duration_seconds_sum 60.0",
        ],
    );
}

#[test]
fn calls_are_counted_under_known_endpoints_alone() {
    let metrics = ProcessMetrics::default();
    for endpoint in Endpoint::ALL {
        for class in CallClass::ALL {
            let duration = Duration::from_millis(7);
            metrics.calls.count(&HttpCall {
                endpoint,
                class,
                duration,
            });
        }
    }
    let classes = CallClass::ALL.len();
    let text = text(&metrics);
    assert_eq!(
        text.matches("\nhp_http_requests_total{").count(),
        3 * classes
    );
    assert!(!text.contains("query_pin"));
    let count = format!("hp_http_request_duration_seconds_count{{endpoint=\"fetch\"}} {classes}");
    assert_lines(
        &metrics,
        &[
            "hp_http_requests_total{endpoint=\"products\",class=\"abandoned\"} 1",
            "hp_http_request_duration_seconds_bucket{endpoint=\"query\",le=\"0.005\"} 0",
            &count,
        ],
    );
}

#[test]
fn unknown_scripts_count_as_other() {
    let metrics = ProcessMetrics::default();
    metrics.script_called("switch_account", Duration::from_millis(1));
    metrics.script_called("settle", Duration::from_secs(2));
    metrics.orders_in_call("settle", 64);
    metrics.orders_in_call("switch_account", 64);
    metrics.leases_taken_over(2);
    metrics.reconnected();
    assert_lines(
        &metrics,
        &[
            "hp_script_duration_seconds_count{script=\"other\"} 1",
            "hp_script_duration_seconds_sum{script=\"settle\"} 2.0",
            "hp_script_batch_orders_sum{script=\"settle\"} 64.0",
            "hp_lease_takeovers_total 2",
            "hp_redis_reconnects_total 1",
        ],
    );
}

#[test]
fn slots_are_free_again_after_use() {
    let metrics = ProcessMetrics::default();
    metrics.orders.set_slots(2);
    let permit = Arc::new(Semaphore::new(2)).try_acquire_owned().unwrap();
    let slot = metrics.orders.use_slot(permit);
    assert_lines(&metrics, &["hp_orders_in_flight 1", "hp_free_slots 1"]);
    drop(slot);
    assert_lines(&metrics, &["hp_orders_in_flight 0", "hp_free_slots 2"]);
}
