//! When the trouble is not the order's: Redis away, a wrong secret, a vendor out of reach.

use e2e::{Worker, World};
use nix::sys::signal::Signal;

#[tokio::test]
async fn redis_going_away_and_coming_back_is_survived_without_a_restart() {
    let mut world = World::start();
    let mut worker = world.worker();
    world.order("A-1", 1).await;
    world.result("A-1").await;
    world.redis.crash_and_restart();
    world.order("A-2", 1).await;
    assert_eq!(world.result("A-2").await["status"], "completed");
    worker.signal(Signal::SIGTERM);
    assert!(worker.ended().await.success());
}

#[tokio::test]
async fn an_outcome_that_comes_while_redis_is_away_is_kept_and_written_when_it_is_back() {
    let latency = "500ms".parse().unwrap();
    let mut world = World::with(hp_sandbox::Options {
        latency,
        ..hp_sandbox::Options::local()
    });
    let worker = world.worker_with(&[
        ("HP_WORKER__LEASE", "60s"),
        ("HP_RETRY__RESUBMIT_AFTER", "70s"),
    ]);
    world.order("A-1", 1).await;
    world.in_state("A-1", "submitting").await;
    world.redis.crash();
    worker.said("kept and tried again").await;
    world.redis.restart();
    let result = world.result("A-1").await;
    assert_eq!(
        (result["status"].as_str(), result["source"].as_str()),
        ("completed", "fetch")
    );
    assert_eq!(world.charged("A-1"), 1);
}

#[tokio::test]
async fn a_worker_that_starts_before_redis_waits_for_it() {
    let mut world = World::start();
    world.redis.crash();
    let worker = world.worker();
    worker.said("orders cannot be taken").await;
    world.redis.restart();
    world.order("A-1", 1).await;
    assert_eq!(world.result("A-1").await["status"], "completed");
}

#[tokio::test]
async fn a_wrong_secret_pauses_the_queue_and_costs_no_order_its_place_or_an_attempt() {
    let world = World::start();
    let mut wrong = world.worker_with(&[("HP_API__APP_SECRET", "wrong")]);
    world.order("A-1", 1).await;
    let paused = world.redis.until("the pause", || async {
        let paused: e2e::Entry = world.redis.run(&["HGETALL", "{hp}:paused"]).await;
        (!paused.is_empty()).then_some(paused)
    });
    let paused = paused.await;
    assert!(paused["reason"].contains("400107"), "{}", paused["reason"]);
    assert!(!paused["since"].is_empty() && !paused["by"].is_empty());
    let record = world.in_state("A-1", "queued").await;
    assert_eq!(record["attempts"], "0");
    wrong.signal(Signal::SIGTERM);
    assert!(wrong.ended().await.success());

    let worker = world.worker();
    worker.said("the queue is paused").await;
    let resumed = Worker::command(&["resume"], &world.settings(&[]));
    assert!(resumed.status.success(), "{resumed:?}");
    let result = world.result("A-1").await;
    assert_eq!(
        (result["status"].as_str(), result["attempts"].as_str()),
        ("completed", "1")
    );
}

#[tokio::test]
async fn a_vendor_out_of_reach_costs_no_attempt_and_the_order_waits() {
    let world = World::start();
    // Nobody listens on port 1.
    let mut lost = world.worker_with(&[("HP_API__BASE_URL", "http://127.0.0.1:1")]);
    world.order("A-1", 1).await;
    let record = world.in_state("A-1", "waiting").await;
    assert_eq!(record["attempts"], "0");
    lost.signal(Signal::SIGTERM);
    assert!(lost.ended().await.success());

    let _worker = world.worker();
    let result = world.result("A-1").await;
    assert_eq!(
        (result["status"].as_str(), result["attempts"].as_str()),
        ("completed", "1")
    );
}

#[tokio::test]
async fn a_result_that_its_stream_refuses_is_kept_until_it_is_taken() {
    let world = World::with(hp_sandbox::Options {
        latency: "500ms".parse().unwrap(),
        ..hp_sandbox::Options::local()
    });
    let worker = world.worker();
    world.order("A-1", 1).await;
    world.in_state("A-1", "submitting").await;
    world
        .redis
        .run::<()>(&["SET", "{hp}:results", "no stream"])
        .await;
    worker.said("kept and tried again").await;
    assert_eq!(world.record("A-1").await["state"], "submitting");
    world.redis.run::<u64>(&["DEL", "{hp}:results"]).await;
    assert_eq!(world.result("A-1").await["status"], "completed");
    assert_eq!(world.charged("A-1"), 1);
}
