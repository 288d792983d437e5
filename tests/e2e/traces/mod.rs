//! The spans of orders, as a collector gets them.

mod collector_faults;
mod later;
mod log;
mod sampling;
mod switches;

use e2e::{Collector, ExportedSpan, Worker, World, assert_fields};
use nix::sys::signal::Signal;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PRODUCER: &str = "b7ad6b7169203331";

/// The settings of a worker that exports to this collector at once.
fn settings<'a>(url: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("HP_OTEL__ENDPOINT", url),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ];
    [&usual, more].concat()
}

fn worker(world: &World, collector: &Collector) -> Worker {
    world.worker_with(&settings(&collector.url(), &[]))
}

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{PRODUCER}-{flags}")
}

async fn enqueue(world: &World, id: &str, more: &[(&str, &str)]) {
    let order = [("order_id", id), ("product_id", "2"), ("quantity", "1")];
    world.enqueue_job(&[&order, more].concat()).await;
}

async fn stop(mut worker: Worker) -> String {
    worker.signal(Signal::SIGTERM);
    assert!(worker.wait_for_exit().await.success());
    worker.log()
}

#[track_caller]
fn only<'a>(spans: &'a [ExportedSpan], name: &str) -> &'a ExportedSpan {
    let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
    let [span] = found[..] else {
        panic!("not one span {name} in {names:?}");
    };
    span
}

#[track_caller]
fn assert_attributes(span: &ExportedSpan, wanted: &[(&str, &str)]) {
    for (name, value) in wanted {
        assert_eq!(span.attribute(name), *value, "{name} of {span:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn first_attempt_continues_the_producers_trace() {
    let (world, collector) = (World::start(), Collector::start().await);
    let worker = worker(&world, &collector);
    let trace = traceparent("01");
    enqueue(&world, "A-1", &[("traceparent", &trace)]).await;
    let result = world.result("A-1").await;
    assert_fields!(result, { "status": "completed", "traceparent": &trace });
    let log = stop(worker).await;
    let (spans, all) = (collector.spans_of("A-1"), collector.spans());
    assert_eq!(spans.len(), 3, "{spans:?}");

    let admission = only(&spans, "admit {hp}:jobs");
    let attempt = only(&spans, "submit {hp}:jobs");
    for span in [admission, attempt] {
        assert_eq!((&*span.trace_id, &*span.parent_id), (TRACE, PRODUCER));
        assert!(span.links.is_empty() && !span.is_error);
        assert!(span.start <= span.end);
    }
    let settlement = only(&spans, "settle {hp}:jobs");
    let request = all
        .iter()
        .find(|span| span.parent_id == attempt.span_id && span.name.starts_with("POST"));
    let request = request.unwrap();
    for span in [settlement, request] {
        assert_eq!(span.trace_id, TRACE);
        assert_eq!(span.parent_id, attempt.span_id);
        assert!(attempt.start <= span.start && span.end <= attempt.end);
    }

    let kinds = [admission, attempt, settlement, request].map(|span| &*span.kind);
    assert_eq!(kinds, ["CLIENT", "CONSUMER", "CLIENT", "CLIENT"]);
    for (span, name, kind) in [
        (admission, "admit", "receive"),
        (attempt, "submit", "process"),
        (settlement, "settle", "settle"),
    ] {
        let wanted = [
            ("messaging.system", "redis"),
            ("messaging.destination.name", "{hp}:jobs"),
            ("messaging.operation.name", name),
            ("messaging.operation.type", kind),
        ];
        assert_attributes(span, &wanted);
        let client = span.attribute("messaging.client.id");
        assert!(
            log.contains(&format!("\"worker\":\"{client}\"")),
            "{client}"
        );
    }
    let wanted = [
        ("hp.attempts", "1"),
        ("hp.product_id", "2"),
        ("hp.quantity", "1"),
        ("hp.state", "completed"),
    ];
    assert_attributes(attempt, &wanted);
    assert_eq!(settlement.attribute("hp.result.id"), result["entry"]);
    let (host, port) = world
        .sandbox
        .addr()
        .to_string()
        .split_once(':')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let url = format!("{}/v1/pin/fetch", world.sandbox.base_url());
    let wanted = [
        ("http.request.method", "POST"),
        ("http.response.status_code", "200"),
        ("url.full", &url),
        ("url.template", "/v1/pin/fetch"),
        ("server.address", &host),
        ("server.port", &port),
    ];
    assert_attributes(request, &wanted);
    assert_eq!(request.name, "POST /v1/pin/fetch");
    let resource = &attempt.resource;
    assert_eq!(resource["service.name"], "hitpoints-worker");
    assert_eq!(resource["telemetry.sdk.language"], "rust");
    let line = log
        .lines()
        .find(|line| line.contains("order ended"))
        .unwrap();
    assert!(
        line.contains(&format!("\"trace_id\":\"{TRACE}\"")),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn order_without_a_producer_begins_a_trace() {
    let (world, collector) = (World::start(), Collector::start().await);
    let worker = worker(&world, &collector);
    enqueue(&world, "A-1", &[]).await;
    enqueue(&world, "A-2", &[]).await;
    let result = world.result("A-1").await;
    assert!(!result.contains_key("traceparent"), "{result:?}");
    world.result("A-2").await;
    let log = stop(worker).await;
    let traces = ["A-1", "A-2"].map(|id| {
        let spans = collector.spans_of(id);
        let admission = only(&spans, "admit {hp}:jobs");
        let attempt = only(&spans, "submit {hp}:jobs");
        assert_eq!(admission.parent_id, "");
        let parent = (&admission.trace_id, &admission.span_id);
        assert_eq!((&attempt.trace_id, &attempt.parent_id), parent);
        assert!(attempt.links.is_empty());
        assert!(log.contains(&format!("\"trace_id\":\"{}\"", attempt.trace_id)));
        attempt.trace_id.clone()
    });
    assert_ne!(traces[0], traces[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn attempt_that_fails_says_why() {
    let (world, collector) = (World::start(), Collector::start().await);
    let worker = worker(&world, &collector);
    let past = "1700000000000";
    enqueue(&world, "late", &[("deadline", past)]).await;
    let unknown = [
        ("order_id", "unknown"),
        ("product_id", "999"),
        ("quantity", "1"),
    ];
    world.enqueue_job(&unknown).await;
    enqueue(&world, "A-1~http-500-after", &[]).await;
    for id in ["late", "unknown", "A-1~http-500-after"] {
        world.result(id).await;
    }
    stop(worker).await;
    let spans = ["late", "unknown", "A-1~http-500-after"].map(|id| collector.spans_of(id));
    let late = only(&spans[0], "conclude {hp}:jobs");
    assert_attributes(
        late,
        &[("error.type", "deadline_passed"), ("hp.state", "expired")],
    );
    let unknown = only(&spans[1], "submit {hp}:jobs");
    assert_attributes(
        unknown,
        &[("error.type", "unknown_product"), ("hp.state", "rejected")],
    );
    let attempt = only(&spans[2], "submit {hp}:jobs");
    assert!([late, unknown, attempt].iter().all(|span| span.is_error));
    let all = collector.spans();
    let mut requests = all.iter().filter(|span| span.parent_id == attempt.span_id);
    let request = requests
        .find(|span| span.kind == "CLIENT" && span.is_error)
        .unwrap();
    let wanted = [("http.response.status_code", "500"), ("error.type", "500")];
    assert_attributes(request, &wanted);
}
