//! What traces and the log have in common, and what they have not.

use e2e::{Collector, Entry, World};

use super::{TRACE, enqueue, only, settings, stop, traceparent};

/// Buys a card with these settings. Returns the result and the log.
async fn buy(world: &World, settings: &[(&str, &str)]) -> (Entry, String) {
    let worker = world.worker_with(settings);
    enqueue(world, "A-1", &[("traceparent", &traceparent("01"))]).await;
    let result = world.result("A-1").await;
    (result, stop(worker).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn log_lines_carry_the_trace_without_an_export() {
    for (format, field) in [
        ("json", format!("\"trace_id\":\"{TRACE}\"")),
        ("text", format!("trace_id=\"{TRACE}\"")),
    ] {
        let world = World::start();
        let (_, log) = buy(&world, &[("HP_LOG__FORMAT", format)]).await;
        let line = log.lines().find(|line| line.contains("order ended"));
        let line = line.unwrap();
        assert!(line.contains(&field), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exported_spans_are_not_in_the_log() {
    let collector = Collector::start().await;
    let url = collector.url();
    let talkative = ("HP_LOG__FILTER", "trace");
    for format in ["json", "text"] {
        for settings in [settings(&url, &[talkative]), vec![talkative]] {
            let settings = [&settings[..], &[("HP_LOG__FORMAT", format)]].concat();
            let (_, log) = buy(&World::start(), &settings).await;
            let line = log.lines().find(|line| line.contains("order ended"));
            assert!(line.unwrap().contains("A-1"), "{log}");
            for word in ["messaging.", "otel.", "http.request", "url.full"] {
                assert!(!log.contains(word), "{word} in {log}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_log_exports_all_the_same() {
    let (world, collector) = (World::start(), Collector::start().await);
    let url = collector.url();
    let (_, log) = buy(&world, &settings(&url, &[("HP_LOG__FILTER", "off")])).await;
    assert_eq!(log, "");
    let spans = collector.spans_of("A-1");
    only(&spans, "submit {hp}:jobs");
    only(&spans, "settle {hp}:jobs");
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_become_events_of_the_span() {
    let (world, collector) = (World::start(), Collector::start().await);
    let url = collector.url();
    // The log counts repetitions of an obstacle, and shows the first one only.
    let worker = world.worker_with(&settings(&url, &[("HP_LOG__FILTER", "info")]));
    for id in ["A-1~lost-answer", "A-2~lost-answer"] {
        enqueue(&world, id, &[]).await;
    }
    for id in ["A-1~lost-answer", "A-2~lost-answer"] {
        world.result(id).await;
    }
    stop(worker).await;
    for id in ["A-1~lost-answer", "A-2~lost-answer"] {
        let spans = collector.spans_of(id);
        let attempt = only(&spans, "submit {hp}:jobs");
        let event = "outcome unknown; a worker queries HitPoints later";
        assert_eq!(attempt.events, [event]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn export_makes_no_spans_of_its_own() {
    let (world, collector) = (World::start(), Collector::start().await);
    let url = collector.url();
    buy(&world, &settings(&url, &[("HP_LOG__FILTER", "trace")])).await;
    for span in collector.spans() {
        let is_known = span.name.contains("{hp}") || span.attribute("url.full").contains("/v1/");
        assert!(is_known, "{span:?}");
        assert!(!span.attribute("url.full").starts_with(&url), "{span:?}");
    }
}
