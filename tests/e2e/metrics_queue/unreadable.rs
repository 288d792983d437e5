use e2e::{Protection, Redis, World};
use hp_queue::{Handle, Inspector, Prefix, QueueMetrics};
use hp_sandbox::Options;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Scrape, wait_for};
use crate::obstacles::review;

#[tokio::test(flavor = "multi_thread")]
async fn queue_is_down_while_redis_does_not_answer() {
    let mut world = World::start();
    let worker = world.worker();
    wait_for(&worker, &[("up", 1.0)]).await;
    let redis = Pid::from_raw(i32::try_from(world.redis.id()).unwrap());
    kill(redis, Signal::SIGSTOP).unwrap();
    assert_is_down(&wait_for(&worker, &[("up", 0.0)]).await);
    kill(redis, Signal::SIGCONT).unwrap();
    wait_for(&worker, &[("up", 1.0)]).await;
    world.redis.crash();
    assert_is_down(&wait_for(&worker, &[("up", 0.0)]).await);
    world.redis.restart();
    wait_for(&worker, &[("up", 1.0), ("inbox_entries", 0.0)]).await;
}

/// Only the figures of the process are there.
fn assert_is_down(scrape: &Scrape) {
    assert_eq!(scrape.names().len(), 1, "{}", scrape.text);
    assert!(
        scrape
            .text
            .contains("hp_reconcile_runs_total{end=\"complete\"}")
    );
}

/// The figures that Redis cannot read.
fn missing(metrics: &QueueMetrics) -> Vec<&'static str> {
    let figures = [
        ("open", metrics.open_orders.is_none()),
        ("oldest", metrics.oldest_open_order_age.is_none()),
        ("inbox", metrics.inbox.entries.is_none()),
        ("age", metrics.inbox.oldest_age.is_none()),
        ("lost", metrics.inbox.lost.is_none()),
        ("schedule", metrics.schedule.is_none()),
        ("holds", metrics.balance_holds.is_none()),
        ("held", metrics.held_orders.is_none()),
        ("replays", metrics.replays_waiting.is_none()),
        ("notifications", metrics.notifications.is_none()),
        ("letters", metrics.dead_letters.is_none()),
        ("own", metrics.own_streams_bytes.is_none()),
        ("workers", metrics.workers.is_none()),
        ("faulty", metrics.faulty_workers.is_none()),
        ("paused", metrics.is_paused.is_none()),
        ("breaker", metrics.is_breaker_open.is_none()),
        ("charged", metrics.charged_today.is_none()),
        ("last_run", metrics.last_run.is_none()),
    ];
    let missing = figures.into_iter().filter(|(_, is_missing)| *is_missing);
    missing.map(|(name, _)| name).collect()
}

#[tokio::test]
async fn key_of_another_type_hides_its_own_figures_only() {
    let redis = Redis::single();
    for (n, (key, wanted)) in [
        ("open", &["open", "oldest", "replays"][..]),
        ("state:waiting", &["open"]),
        ("schedule", &["schedule", "replays"]),
        ("jobs", &["inbox", "age", "lost"]),
        ("inbox", &["lost"]),
        ("holds", &["holds"]),
        ("held", &["held", "replays"]),
        ("notifier", &["notifications"]),
        ("events", &[]),
        ("rejected", &["letters"]),
        ("own_streams", &["own"]),
        ("workers", &["workers", "faulty"]),
        ("paused", &[]),
        ("breaker", &["breaker"]),
        ("spent", &["charged"]),
        ("reconcile:runs", &["last_run"]),
    ]
    .into_iter()
    .enumerate()
    {
        let prefix = format!("{{q{n}}}");
        let handle = Handle::open(&redis.queue_client("worker"), &prefix.parse().unwrap());
        let inspector = Inspector::new(handle);
        assert_eq!(missing(&inspector.metrics().await.unwrap()), [""; 0]);
        redis
            .command::<()>(&["SET", &format!("{prefix}:{key}"), "text"])
            .await;
        assert_eq!(
            missing(&inspector.metrics().await.unwrap()),
            wanted,
            "{key}"
        );
    }
}

#[tokio::test]
async fn observer_reads_all_figures_and_no_result() {
    let world = World::with_redis(Redis::protected(Protection::USERS), Options::local());
    review(&world, "A-1").await;
    let observer = Handle::open(&world.redis.queue_client("observer"), &Prefix::default());
    let metrics = Inspector::new(observer).metrics().await.unwrap();
    assert_eq!(missing(&metrics), [""; 0]);
    assert_eq!(metrics.common_stream_bytes, Some(0));
    assert_eq!(metrics.open_orders.unwrap().review, 1);
    let of_worker = world.inspector().metrics().await.unwrap();
    assert_eq!(of_worker.schedule.unwrap().for_operator, 1);
}
