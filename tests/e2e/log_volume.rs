//! One obstacle of the whole process fills no log, however many orders meet it.

use e2e::{Redis, Worker, World};
use hp_sandbox::Options;

/// The part of a line that counts what Redis did.
const COUNT: &str = "\"the obstacle continues\",\"name\":\"redis\"";
/// The orders that meet the obstacle.
const ORDERS: usize = 100;

async fn enqueue_all(world: &World, suffix: &str) -> Vec<String> {
    let ids: Vec<_> = (0..ORDERS).map(|n| format!("A-{n}{suffix}")).collect();
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    ids
}

/// The lines that warn, each with its message.
fn warnings(worker: &Worker) -> Vec<String> {
    let log = worker.log();
    let lines = log.lines().filter(|line| line.contains("\"WARN\""));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn log_counts_failures_while_redis_is_away() {
    let vendor = Options {
        latency: "2s".parse().unwrap(),
        ..Options::local()
    };
    // A cluster that is away answers too slowly for so many failures in ten seconds.
    let mut world = World::with_redis(Redis::single(), vendor);
    let worker = world.worker_with(&[
        ("HP_LOG__FILTER", "info"),
        ("HP_API__TIMEOUT", "20s"),
        ("HP_WORKER__LEASE", "60s"),
        ("HP_WORKER__CONCURRENCY", "200"),
        ("HP_RETRY__RESUBMIT_AFTER", "90s"),
    ]);
    let ids = enqueue_all(&world, "").await;
    world.wait_for_charge(ids.last().unwrap()).await;
    world.redis.crash();
    worker.wait_for_log("\"obstacle\":\"redis\"").await;
    // The second line is the count after ten seconds.
    worker.wait_for_log(COUNT).await;
    world.redis.restart();
    world.results_of_all(&ids).await;
    worker.wait_for_log("the obstacle is over").await;
    let about_redis = warnings(&worker);
    let is_about = |line: &&String| line.contains("redis\"");
    let lines = about_redis.iter().filter(is_about).count();
    assert!((2..=6).contains(&lines), "{about_redis:#?}");
    let log = worker.log();
    let count = log.lines().find(|line| line.contains(COUNT));
    let count: serde_json::Value = serde_json::from_str(count.unwrap()).unwrap();
    assert!(count["times"].as_u64().unwrap() >= ORDERS as u64, "{count}");
}

#[tokio::test]
async fn log_counts_lost_answers() {
    let world = World::start();
    let worker = world.worker_with(&[
        ("HP_LOG__FILTER", "info"),
        ("HP_API__TIMEOUT", "1s"),
        ("HP_WORKER__CONCURRENCY", "200"),
    ]);
    let ids = enqueue_all(&world, "~timeout-after").await;
    world.results_of_all(&ids).await;
    let about = warnings(&worker);
    let lines = about.iter().filter(|line| line.contains("outcome unknown"));
    assert_eq!(lines.count(), 1, "{about:#?}");
    assert!(about.len() < 10, "{about:#?}");
}

#[tokio::test]
async fn log_line_names_its_order_once() {
    let world = World::start();
    let worker = world.worker_with(&[("HP_LOG__FILTER", "info")]);
    world.enqueue("A-named-once", 1).await;
    world.result("A-named-once").await;
    worker.wait_for_log("order ended").await;
    let log = worker.log();
    let line = log.lines().find(|line| line.contains("order ended"));
    let line = line.unwrap();
    let fields: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(fields["span"]["id"], "A-named-once");
    assert_eq!(fields["span"]["claim"], 1);
    assert_eq!(line.matches("A-named-once").count(), 1, "{line}");
    assert_eq!(line.matches("\"claim\"").count(), 1, "{line}");
}

#[tokio::test]
async fn warning_names_its_order_if_only_warnings_are_kept() {
    let world = World::start();
    let worker = world.worker_with(&[("HP_LOG__FILTER", "warn")]);
    world.enqueue("A-1~lost-answer", 1).await;
    worker.wait_for_log("outcome unknown").await;
    let log = worker.log();
    let line = log.lines().find(|line| line.contains("outcome unknown"));
    let fields: serde_json::Value = serde_json::from_str(line.unwrap()).unwrap();
    assert_eq!(fields["span"]["id"], "A-1~lost-answer");
}
