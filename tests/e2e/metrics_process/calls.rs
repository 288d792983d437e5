use std::sync::atomic::{AtomicBool, Ordering};

use e2e::{FrontEnd, Reply, World};
use hp_sandbox::Options;

use super::Scrape;

fn requests(endpoint: &str, class: &str) -> String {
    format!("hp_http_requests_total{{endpoint=\"{endpoint}\",class=\"{class}\"}}")
}

/// All calls that were counted. Every call is also in the histogram of its endpoint.
fn all_requests(scrape: &Scrape) -> u64 {
    for endpoint in ["fetch", "query", "products"] {
        let counted = scrape.sum(&format!("hp_http_requests_total{{endpoint=\"{endpoint}\""));
        let timed = format!("hp_http_request_duration_seconds_count{{endpoint=\"{endpoint}\"}}");
        assert_eq!(counted, scrape.count(&timed), "{endpoint}");
    }
    scrape.sum("hp_http_requests_total{")
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_counted_by_class() {
    let world = World::start();
    let worker = world.worker();
    let cases = [
        ("timeout-after", "timeout"),
        ("lost-answer", "connection_lost"),
        ("truncated", "connection_lost"),
        ("http-500-after", "http_5xx"),
        ("bad-signature", "unverified"),
        ("stale-date", "unverified"),
        ("short", "mismatch"),
        ("fail-0", "error_code"),
        ("http-503-after", "throttled"),
    ];
    let ids = cases.map(|(fault, _)| format!("A-1~{fault}"));
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    world.results_of_all(&ids).await;
    let scrape = Scrape::after_ends(&worker, 9).await;
    for (_, class) in cases {
        let expected = cases.iter().filter(|(_, other)| *other == class).count();
        let name = requests("fetch", class);
        assert_eq!(scrape.count(&name), expected as u64, "{name}");
    }
    assert!(scrape.count(&requests("query", "ok")) >= 7);
    assert!(scrape.count(&requests("products", "ok")) >= 1);
    assert_eq!(scrape.count("hp_throttled_calls_total"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_that_arrives_is_counted() {
    let world = World::with_vendor(Options {
        not_found: "empty".parse().unwrap(),
        ..Options::local()
    });
    let worker = world.worker();
    let faults = [
        "",
        "~drop-before",
        "~fail-0",
        "~surplus",
        "~lost-answer",
        "~http-429-before",
    ];
    let ids = faults.map(|fault| format!("A-1{fault}"));
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    world.results_of_all(&ids).await;
    // Probes and checks of connections may go on for a moment.
    let is_complete = |scrape: &Scrape| all_requests(scrape) == world.sandbox.calls().0;
    let scrape = Scrape::until(&worker, is_complete).await;
    // The probes and the queries of what was never charged.
    assert!(scrape.count(&requests("query", "no_data")) >= 2);
}

/// Buys one order through a front end that replies so to each fetch until it has replied to one. Returns the worker's metrics.
async fn metrics_after(reply: Reply) -> Scrape {
    let world = World::start();
    let is_armed = AtomicBool::new(true);
    let front_end = FrontEnd::start(world.sandbox.addr(), move |request| {
        if request.starts_with("POST") && is_armed.swap(false, Ordering::SeqCst) {
            reply
        } else {
            Reply::Vendor
        }
    });
    let front_end = front_end.await;
    let worker = world.worker_with(&[("HP_API__BASE_URL", &front_end.url())]);
    world.enqueue("A-1", 1).await;
    assert_eq!(world.result("A-1").await["status"], "completed");
    Scrape::after_ends(&worker, 1).await
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_other_servers_are_counted() {
    let cases = [
        (Reply::Page, "invalid_answer"),
        (Reply::Redirect, "http_other"),
        (Reply::Forbidden, "http_4xx"),
        (Reply::Failure, "http_5xx"),
        (Reply::Silence, "timeout"),
    ];
    for (reply, class) in cases {
        let scrape = metrics_after(reply).await;
        assert_eq!(scrape.count(&requests("fetch", class)), 1, "{class}");
        assert_eq!(scrape.count(&requests("fetch", "ok")), 1, "{class}");
        all_requests(&scrape);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_fail_are_counted() {
    let world = World::start();
    let front_end = FrontEnd::start(world.sandbox.addr(), |_| Reply::Vendor).await;
    let worker = world.worker_with(&[("HP_API__BASE_URL", &front_end.url())]);
    worker.wait_for_log("product list fetched").await;
    drop(front_end);
    world.enqueue("A-1", 1).await;
    let failed = requests("fetch", "connect_failed");
    let scrape = Scrape::until(&worker, |scrape| scrape.count(&failed) > 0).await;
    assert_eq!(scrape.count("hp_attempts_total"), 0);
    all_requests(&scrape);
}

#[tokio::test(flavor = "multi_thread")]
async fn product_list_that_never_comes_is_abandoned() {
    let world = World::start();
    let front_end = FrontEnd::start(world.sandbox.addr(), |request| {
        if request.contains("/v1/items") {
            Reply::Silence
        } else {
            Reply::Vendor
        }
    });
    let front_end = front_end.await;
    // Longer than a worker waits for the list at its start.
    let worker = world.worker_with(&[
        ("HP_API__BASE_URL", &front_end.url()),
        ("HP_API__TIMEOUT", "20s"),
        ("HP_RETRY__RESUBMIT_AFTER", "40s"),
    ]);
    let is_abandoned = |scrape: &Scrape| scrape.count(&requests("products", "abandoned")) == 1;
    all_requests(&Scrape::until(&worker, is_abandoned).await);
}
