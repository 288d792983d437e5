//! A collector that fails: orders go on, the worker stops in time, and the loss is told.

use e2e::{Collecting, Collector, World, assert_fields};

use super::{enqueue, settings, stop};
use crate::admin_server::http_get;

/// So long that a worker that waited for it would not stop within the limit of the tests.
const LONG: (&str, &str) = ("OTEL_EXPORTER_OTLP_TIMEOUT", "600000");

async fn buy(world: &World, ids: &[&str]) {
    for id in ids {
        enqueue(world, id, &[]).await;
    }
    for id in ids {
        assert_fields!(world.result(id).await, { "status": "completed" });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_collector_delays_neither_orders_nor_the_end() {
    let (world, collector) = (World::start(), Collector::start().await);
    collector.behave(Collecting::Hang);
    let url = collector.url();
    let worker = world.worker_with(&settings(&url, &[LONG]));
    buy(&world, &["A-1"]).await;
    collector.wait_for_request().await;
    buy(&world, &["A-2", "A-3"]).await;
    let log = stop(worker).await;
    assert!(
        log.contains("has not accepted them before the end"),
        "{log}"
    );
    assert!(log.contains("worker stopped"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_export_is_logged_and_counted() {
    for (behaviour, reason) in [
        (Collecting::Refuse(401), "the collector answered 401"),
        (Collecting::Refuse(500), "the collector answered 500"),
        (Collecting::Close, "error sending request"),
    ] {
        let (world, collector) = (World::start(), Collector::start().await);
        collector.behave(behaviour);
        let url = format!("{}/hunter2", collector.url());
        let secret = ("HP_OTEL__HEADERS", "x-key=hunter3");
        let worker = world.worker_with(&settings(&url, &[secret]));
        buy(&world, &["A-1"]).await;
        worker.wait_for_log("cannot export traces").await;
        let metrics = http_get(&worker, "/metrics").await;
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix("hp_trace_spans_lost_total "));
        assert_ne!(line.unwrap(), "0");
        let log = stop(worker).await;
        assert!(log.contains(reason), "{reason}: {log}");
        assert!(!log.contains("hunter"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn collector_that_nobody_runs_is_named_by_its_failure() {
    let world = World::start();
    let settings = settings("http://127.0.0.1:1", &[]);
    let worker = world.worker_with(&settings);
    buy(&world, &["A-1"]).await;
    worker.wait_for_log("cannot export traces").await;
    let log = stop(worker).await;
    assert!(log.contains("Connection refused"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_without_room_are_dropped_and_counted() {
    let (world, collector) = (World::start(), Collector::start().await);
    collector.behave(Collecting::Hang);
    let url = collector.url();
    let room = ("OTEL_BSP_MAX_QUEUE_SIZE", "4");
    let worker = world.worker_with(&settings(&url, &[room, LONG]));
    buy(&world, &["A-1"]).await;
    collector.wait_for_request().await;
    buy(&world, &["A-2", "A-3", "A-4"]).await;
    let metrics = http_get(&worker, "/metrics").await;
    let lost = metrics
        .lines()
        .find_map(|line| line.strip_prefix("hp_trace_spans_lost_total "));
    let lost: u32 = lost.unwrap().parse().unwrap();
    assert!(
        lost >= 9,
        "three orders have at least nine spans more: {lost}"
    );
    // The export has not returned.
    worker
        .wait_for_log("more have ended than the collector has accepted")
        .await;
    stop(worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn collector_that_comes_back_gets_spans_again() {
    let (world, collector) = (World::start(), Collector::start().await);
    collector.behave(Collecting::Refuse(401));
    let url = collector.url();
    let worker = world.worker_with(&settings(&url, &[]));
    buy(&world, &["A-1"]).await;
    worker.wait_for_log("cannot export traces").await;
    collector.behave(Collecting::Accept);
    buy(&world, &["A-2"]).await;
    collector.wait_for("A-2", "submit {hp}:jobs", 1).await;
    stop(worker).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_that_never_ends_stops_no_export() {
    for status in [200, 500] {
        let (world, collector) = (World::start(), Collector::start().await);
        collector.behave(Collecting::NeverFinish(status));
        let url = collector.url();
        let worker = world.worker_with(&settings(&url, &[LONG]));
        buy(&world, &["A-1"]).await;
        collector.wait_for_request().await;
        if status == 500 {
            worker.wait_for_log("the collector answered 500").await;
            collector.behave(Collecting::Accept);
        }
        buy(&world, &["A-2"]).await;
        collector.wait_for("A-2", "submit {hp}:jobs", 1).await;
        stop(worker).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_numbers_stop_no_worker() {
    let (world, collector) = (World::start(), Collector::start().await);
    let url = collector.url();
    let odd = [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "1000000000"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "many"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
    ];
    let worker = world.worker_with(&settings(&url, &odd));
    buy(&world, &["A-1"]).await;
    collector.wait_for("A-1", "submit {hp}:jobs", 1).await;
    let log = stop(worker).await;
    for (name, _) in odd {
        assert!(log.contains(name), "{name}: {log}");
    }
    assert!(!log.contains("hunter2"), "{log}");
}
