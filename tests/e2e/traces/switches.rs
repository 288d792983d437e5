//! What turns traces on and off, and what the collector gets besides spans.

use e2e::{Collecting, Collector, Worker, World};

use super::{enqueue, only, settings, stop};

/// Buys a card with these settings. Returns the log.
async fn buy(world: &World, settings: &[(&str, &str)]) -> String {
    let worker = world.worker_with(settings);
    enqueue(world, "A-1", &[]).await;
    world.result("A-1").await;
    stop(worker).await
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_are_off_unless_an_endpoint_is_set() {
    let collector = Collector::start().await;
    let url = collector.url();
    let world = World::start();
    buy(&world, &[("OTEL_TRACES_SAMPLER", "always_on")]).await;
    for off in [
        ("OTEL_SDK_DISABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
    ] {
        let world = World::start();
        buy(&world, &settings(&url, &[off])).await;
    }
    assert_eq!(collector.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_variables_turn_traces_on() {
    let (world, collector) = (World::start(), Collector::start().await);
    let url = collector.url();
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*url),
        ("OTEL_SERVICE_NAME", "cards"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.name=ignored,service.version=7,deployment.environment.name=test",
        ),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%20b"),
    ];
    buy(&world, &settings).await;
    let spans = collector.spans_of("A-1");
    let resource = &only(&spans, "submit {hp}:jobs").resource;
    assert_eq!(resource["service.name"], "cards");
    assert_eq!(resource["service.version"], "7");
    assert_eq!(resource["deployment.environment.name"], "test");
    let head = &collector.heads()[0];
    assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
    assert!(head.contains("x-tenant: a b"), "{head}");
    assert!(
        head.contains("content-type: application/x-protobuf"),
        "{head}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_win_over_standard_variables() {
    let (world, collector, other) = (
        World::start(),
        Collector::start().await,
        Collector::start().await,
    );
    let (url, other_url) = (collector.url(), other.url());
    let settings = [
        ("HP_OTEL__ENDPOINT", &*url),
        ("HP_OTEL__HEADERS", "authorization=Basic%20own"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &other_url),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &other_url),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "authorization=Basic%20other,x-more=1",
        ),
    ];
    buy(&world, &settings).await;
    assert_eq!(other.connections(), 0);
    let head = &collector.heads()[0];
    assert!(head.contains("authorization: Basic own"), "{head}");
    assert!(
        head.contains("x-more: 1") && !head.contains("other"),
        "{head}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_standard_variables_stop_no_worker() {
    let world = World::start();
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "hunter2"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter3"),
    ];
    let log = buy(&world, &settings).await;
    let line = log
        .lines()
        .find(|line| line.contains("a setting for traces"));
    let line = line.unwrap();
    assert!(
        line.contains("OTEL_EXPORTER_OTLP_ENDPOINT is no address"),
        "{line}"
    );
    assert!(!log.contains("hunter"), "{log}");
}

#[test]
fn printed_settings_show_no_more_than_the_host() {
    let url = "https://user:hunter2@collector.example:4318/hunter3?key=hunter4";
    let settings = [
        ("HP_OTEL__ENDPOINT", url),
        ("HP_OTEL__HEADERS", "authorization=hunter5"),
        ("HP_API__BASE_URL", "http://127.0.0.1:1"),
        ("HP_API__APP_ID", "demo"),
        ("HP_API__APP_SECRET", "demo-secret"),
    ];
    let settings = settings.map(|(name, value)| (name.into(), value.into()));
    let output = Worker::output(&["config"], &settings);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("https://collector.example:4318"), "{text}");
    assert!(!text.contains("hunter"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_asks_the_collector() {
    let (world, collector) = (World::start(), Collector::start().await);
    let url = format!("{}/hunter2", collector.url());
    let key = ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hunter3");
    let settings = world.settings(&settings(&url, &[key]));
    for (behaviour, verdict) in [
        (Collecting::Accept, "accepts traces"),
        (
            Collecting::Refuse(401),
            "accepts no traces: the collector answered 401",
        ),
    ] {
        collector.behave(behaviour);
        let output = Worker::output(&["doctor", "--json"], &settings);
        let text = String::from_utf8(output.stdout).unwrap();
        let wanted = format!("{} {verdict}", collector.url());
        assert!(text.contains(&wanted), "{text}");
        assert!(!text.contains("hunter"), "{text}");
    }
    assert!(collector.heads()[0].contains("x-key: hunter3"));
    assert!(collector.spans().is_empty());
}
