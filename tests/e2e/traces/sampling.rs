//! Which traces are exported.

use e2e::{Collector, World, assert_fields};

use super::{PRODUCER, TRACE, enqueue, only, settings, stop, traceparent, worker};

#[tokio::test(flavor = "multi_thread")]
async fn unsampled_order_exports_nothing() {
    let (world, collector) = (World::start(), Collector::start().await);
    let worker = worker(&world, &collector);
    let trace = traceparent("00");
    // Its later attempts begin traces of their own.
    let id = "A-1~drop-before";
    enqueue(&world, id, &[("traceparent", &trace)]).await;
    enqueue(&world, "A-2", &[("traceparent", &traceparent("03"))]).await;
    assert_fields!(world.result(id).await, { "attempts": 2, "traceparent": trace });
    world.result("A-2").await;
    let log = stop(worker).await;
    assert!(
        collector.spans_of(id).is_empty(),
        "{:?}",
        collector.spans_of(id)
    );
    let sampled = collector.spans_of("A-2");
    let attempt = only(&sampled, "submit {hp}:jobs");
    assert_eq!((&*attempt.trace_id, &*attempt.parent_id), (TRACE, PRODUCER));
    let requests = collector.spans().into_iter();
    let purchases = requests.filter(|span| span.name.starts_with("POST"));
    assert_eq!(purchases.count(), 1, "of the sampled order alone");
    let line = log.lines().find(|line| line.contains("outcome unknown"));
    let line = line.unwrap();
    assert!(
        line.contains(&format!("\"trace_id\":\"{TRACE}\"")),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sampler_of_the_environment_decides() {
    for (sampler, flags, is_exported) in [
        ("always_off", "01", false),
        ("always_on", "00", true),
        ("parentbased_always_off", "01", true),
        ("parentbased_always_off", "00", false),
    ] {
        let (world, collector) = (World::start(), Collector::start().await);
        let url = collector.url();
        let sampler = ("OTEL_TRACES_SAMPLER", sampler);
        let worker = world.worker_with(&settings(&url, &[sampler]));
        let trace = traceparent(flags);
        enqueue(&world, "A-1", &[("traceparent", &trace)]).await;
        world.result("A-1").await;
        stop(worker).await;
        let spans = collector.spans_of("A-1");
        assert_eq!(!spans.is_empty(), is_exported, "{sampler:?} {flags}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_traceparent_is_answered_without_spans() {
    let (world, collector) = (World::start(), Collector::start().await);
    let worker = worker(&world, &collector);
    enqueue(&world, "A-1", &[("traceparent", "garbage")]).await;
    assert_fields!(world.result("A-1").await, { "status": "rejected", "reason": "invalid_job" });
    // A record that another program has changed.
    enqueue(
        &world,
        "A-2~drop-before",
        &[("traceparent", &traceparent("01"))],
    )
    .await;
    world.wait_for_state("A-2~drop-before", "uncertain").await;
    let key = "{hp}:order:A-2~drop-before";
    let odd = ["HSET", key, "traceparent", "00-zz-zz-zz"];
    world.redis.command::<u64>(&odd).await;
    let result = world.result("A-2~drop-before").await;
    assert_fields!(result, { "status": "completed" });
    stop(worker).await;
    assert!(collector.spans_of("A-1").is_empty());
    let spans = collector.spans_of("A-2~drop-before");
    let last = spans.iter().rfind(|span| span.name == "submit {hp}:jobs");
    let last = last.unwrap();
    assert!(
        last.parent_id.is_empty() && last.links.is_empty(),
        "{last:?}"
    );
}
