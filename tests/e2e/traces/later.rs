//! What follows the first attempt: traces of their own, with a link to the producer.

use e2e::{Collector, Worker, World, assert_fields};

use super::{
    PRODUCER, TRACE, assert_attributes, enqueue, only, settings, stop, traceparent, worker,
};
use crate::{
    claims::{LONG_LEASE, apply_event, claim_one},
    reconcile::{charge, lost},
};

fn producer() -> Vec<(String, String)> {
    vec![(TRACE.into(), PRODUCER.into())]
}

#[tokio::test(flavor = "multi_thread")]
async fn query_and_second_attempt_link_to_the_producer() {
    let (world, collector) = (World::start(), Collector::start().await);
    let worker = worker(&world, &collector);
    let (id, trace) = ("A-1~drop-before", traceparent("01"));
    enqueue(&world, id, &[("traceparent", &trace)]).await;
    let result = world.result(id).await;
    assert_fields!(result, { "source": "fetch", "attempts": 2, "traceparent": &trace });
    stop(worker).await;
    let spans = collector.spans_of(id);

    let attempts: Vec<_> = spans
        .iter()
        .filter(|span| span.name == "submit {hp}:jobs")
        .collect();
    let [first, second] = attempts[..] else {
        panic!("{attempts:?}");
    };
    assert_eq!((&*first.trace_id, &*first.parent_id), (TRACE, PRODUCER));
    assert!(first.is_error && first.links.is_empty());
    assert_attributes(
        first,
        &[
            ("hp.state", "uncertain"),
            ("error.type", "lost"),
            ("hp.attempts", "1"),
        ],
    );
    assert_attributes(second, &[("hp.state", "completed"), ("hp.attempts", "2")]);
    let queries: Vec<_> = spans
        .iter()
        .filter(|span| span.name == "query {hp}:jobs")
        .collect();
    let final_query = queries.last().unwrap();
    assert!(!final_query.is_error);
    assert_attributes(
        final_query,
        &[
            ("hp.state", "waiting"),
            ("messaging.operation.type", "process"),
        ],
    );
    let mut traces = vec![TRACE.to_owned()];
    for later in queries.iter().copied().chain([second]) {
        assert_eq!(later.parent_id, "");
        assert_eq!(later.links, producer());
        assert!(!traces.contains(&later.trace_id), "each begins a trace");
        traces.push(later.trace_id.clone());
        let settlements = spans.iter().filter(|span| span.parent_id == later.span_id);
        assert_eq!(settlements.count(), 1, "{later:?}");
    }
    let requests = collector.spans();
    let requests = requests
        .iter()
        .filter(|span| span.parent_id == final_query.span_id);
    assert!(
        requests
            .clone()
            .any(|span| span.name == "GET /v1/order/query")
    );
    let lost = collector
        .spans()
        .into_iter()
        .find(|span| span.parent_id == first.span_id && span.is_error && span.kind == "CLIENT");
    assert_attributes(
        &lost.unwrap(),
        &[("error.type", "lost"), ("http.response.status_code", "")],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_continues_the_trace_of_the_repetition() {
    let (world, collector) = (World::start(), Collector::start().await);
    let worker = worker(&world, &collector);
    enqueue(&world, "A-1", &[("traceparent", &traceparent("01"))]).await;
    let first = world.result("A-1").await;
    let other = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    enqueue(&world, "A-1", &[("traceparent", other)]).await;
    let replay = world.results("A-1", 2).await.remove(1);
    assert_fields!(replay, { "traceparent": other, "replay_of": first["entry"] });
    enqueue(&world, "A-1", &[]).await;
    let plain = world.results("A-1", 3).await.remove(2);
    assert_fields!(plain, { "traceparent": traceparent("01") });
    stop(worker).await;
    let replays = collector.wait_for("A-1", "replay {hp}:results", 2).await;

    let parent = (&*replays[0].trace_id, &*replays[0].parent_id);
    assert_eq!(
        parent,
        ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
    );
    assert!(replays[0].links.is_empty());
    assert_eq!(replays[1].parent_id, "");
    assert_eq!(replays[1].links, producer(), "the first job's");
    for (span, result) in replays.iter().zip([&replay, &plain]) {
        assert_eq!(span.kind, "PRODUCER");
        let wanted = [
            ("messaging.operation.name", "replay"),
            ("messaging.operation.type", "send"),
            ("messaging.destination.name", "{hp}:results"),
            ("hp.result.id", &result["entry"]),
        ];
        assert_attributes(span, &wanted);
    }
    assert_eq!(replays.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn rebuilt_replay_links_to_the_first_job() {
    let (world, collector) = (World::start(), Collector::start().await);
    let worker = worker(&world, &collector);
    enqueue(&world, "A-1", &[("traceparent", &traceparent("01"))]).await;
    let first = world.result("A-1").await;
    let words = ["XDEL", "{hp}:results", &first["entry"]];
    world.redis.command::<u64>(&words).await;
    enqueue(&world, "A-1", &[]).await;
    let again = world.result("A-1").await;
    assert_fields!(again, { "replay_of": first["entry"], "source": "query" });
    stop(worker).await;
    let spans = collector.spans_of("A-1");
    let replay = only(&spans, "replay {hp}:results");
    assert_eq!((&*replay.parent_id, &replay.links), ("", &producer()));
    let settlement = spans.iter().find(|span| span.parent_id == replay.span_id);
    assert_eq!(
        settlement.unwrap().attribute("hp.result.id"),
        again["entry"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reconciliation_query_links_to_the_producer() {
    let (world, collector) = (World::start(), Collector::start().await);
    let ledger = world.ledger();
    enqueue(&world, "A-1", &[("traceparent", &traceparent("01"))]).await;
    let claimed = claim_one(&ledger, LONG_LEASE).await;
    charge(&world, &claimed).await;
    apply_event(&ledger, &claimed, lost()).await;
    let url = collector.url();
    let stuck = ("HP_RECONCILE__STUCK_AFTER", "1ms");
    let settings = world.settings(&settings(&url, &[stuck]));
    let output = Worker::output(&["reconcile", "--once"], &settings);
    assert!(output.status.success(), "{output:?}");
    let result = world.result("A-1").await;
    assert_fields!(result, { "source": "reconcile", "traceparent": traceparent("01") });
    let spans = collector.spans_of("A-1");
    let query = only(&spans, "query {hp}:jobs");
    assert_eq!((&*query.parent_id, &query.links), ("", &producer()));
    assert_attributes(query, &[("hp.state", "completed")]);
    let settlement = only(&spans, "settle {hp}:jobs");
    assert_eq!(settlement.parent_id, query.span_id);
    assert_eq!(settlement.attribute("hp.result.id"), result["entry"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_write_is_an_event_of_the_settlement() {
    let (world, collector) = (World::start(), Collector::start().await);
    let worker = worker(&world, &collector);
    let id = "A-1~timeout-after";
    enqueue(&world, id, &[]).await;
    world.wait_for_charge(id).await;
    let needed = |replicas| ["CONFIG", "SET", "min-replicas-to-write", replicas];
    world.redis.command::<String>(&needed("9")).await;
    worker.wait_for_log("cannot write to Redis").await;
    world.redis.command::<String>(&needed("0")).await;
    world.result(id).await;
    stop(worker).await;
    let spans = collector.spans_of(id);
    let attempt = only(&spans, "submit {hp}:jobs");
    let settlement = spans.iter().find(|span| span.parent_id == attempt.span_id);
    let event = "cannot write to Redis; the worker keeps the outcome and retries";
    let events = &settlement.unwrap().events;
    assert!(events.iter().any(|name| name == event), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_attempt_is_no_success() {
    let (world, collector) = (World::start(), Collector::start().await);
    let short = [
        ("HP_WORKER__DRAIN", "100ms"),
        ("HP_API__TIMEOUT", "50s"),
        ("HP_RETRY__RESUBMIT_AFTER", "60s"),
    ];
    let url = collector.url();
    let worker = world.worker_with(&settings(&url, &short));
    let id = "A-1~timeout-after";
    enqueue(&world, id, &[]).await;
    world.wait_for_charge(id).await;
    let mut worker = worker;
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.wait_for_exit().await;
    let spans = collector.spans_of(id);
    let attempt = only(&spans, "submit {hp}:jobs");
    let all = collector.spans();
    let call = all.iter().find(|span| span.parent_id == attempt.span_id);
    for span in [attempt, call.unwrap()] {
        assert!(span.is_error, "{span:?}");
        assert_attributes(span, &[("error.type", "interrupted")]);
    }
}
