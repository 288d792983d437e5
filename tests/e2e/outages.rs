//! Failures outside the order: Redis is down, the account is refused, the vendor is unreachable.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use e2e::{FrontEnd, Reply, Worker, World, assert_fields};
use nix::sys::signal::Signal;

#[tokio::test]
async fn worker_survives_redis_restart() {
    let mut world = World::start();
    let mut worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    world.redis.crash_and_restart();
    world.enqueue("A-2", 1).await;
    assert_eq!(world.result("A-2").await["status"], "completed");
    worker.signal(Signal::SIGTERM);
    assert!(worker.wait_for_exit().await.success());
}

#[tokio::test]
async fn outcome_is_kept_while_redis_is_away() {
    let mut world = World::with_vendor(hp_sandbox::Options {
        latency: "1s".parse().unwrap(),
        ..hp_sandbox::Options::local()
    });
    let worker = world.worker_with(&[
        ("HP_WORKER__LEASE", "60s"),
        ("HP_RETRY__RESUBMIT_AFTER", "70s"),
    ]);
    world.enqueue("A-1", 1).await;
    // Half of the vendor's latency comes after the charge: the worker is suspended while the answer arrives.
    world.wait_for_charge("A-1").await;
    worker.signal(Signal::SIGSTOP);
    world.redis.crash();
    worker.signal(Signal::SIGCONT);
    worker.wait_for_log("the worker keeps the outcome").await;
    world.redis.restart();
    let result = world.result("A-1").await;
    assert_fields!(result, { "status": "completed", "source": "fetch" });
    assert_eq!(world.charge_count("A-1"), 1);
}

#[tokio::test]
async fn worker_waits_for_redis_at_start() {
    let mut world = World::start();
    world.redis.crash();
    let worker = world.worker();
    worker.wait_for_log("nothing listens at the address").await;
    world.redis.restart();
    world.enqueue("A-1", 1).await;
    assert_eq!(world.result("A-1").await["status"], "completed");
}

#[tokio::test]
async fn refused_account_pauses_queue_and_costs_no_attempt() {
    let world = World::start();
    let refuses = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&refuses);
    let front_end = FrontEnd::start(world.sandbox.addr(), move |_| {
        if switch.load(Ordering::SeqCst) {
            Reply::Code(400_107)
        } else {
            Reply::Vendor
        }
    });
    let front_end = front_end.await;
    let address = front_end.url();
    let settings = [("HP_API__BASE_URL", address.as_str())];
    let worker = world.worker_with(&settings);
    worker.wait_for_log("product list fetched").await;
    refuses.store(true, Ordering::SeqCst);
    world.enqueue("A-1", 1).await;
    let paused = world.redis.wait_until("the pause", || async {
        let paused: e2e::Entry = world.redis.command(&["HGETALL", "{hp}:paused"]).await;
        (!paused.is_empty()).then_some(paused)
    });
    let paused = paused.await;
    assert!(paused["reason"].contains("400107"), "{}", paused["reason"]);
    assert!(!paused["since"].is_empty() && !paused["by"].is_empty());
    let record = world.wait_for_state("A-1", "queued").await;
    assert_eq!(record["attempts"], "0");

    refuses.store(false, Ordering::SeqCst);
    worker.wait_for_log("queue paused").await;
    let resumed = Worker::output(&["resume"], &world.settings(&settings));
    assert!(resumed.status.success(), "{resumed:?}");
    let result = world.result("A-1").await;
    assert_fields!(result, { "status": "completed", "attempts": "1" });
}

#[tokio::test]
async fn unreachable_vendor_costs_no_attempt() {
    let world = World::start();
    // No process listens on this port yet.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = listener.local_addr().unwrap();
    drop(listener);
    let address = format!("http://{listen}");
    let settings = [
        ("HP_API__BASE_URL", address.as_str()),
        ("HP_WORKER__NEEDS_PRODUCTS", "false"),
    ];
    let mut unconnected = world.worker_with(&settings);
    world.enqueue("A-1", 1).await;
    let record = world.wait_for_state("A-1", "waiting").await;
    assert_eq!(record["attempts"], "0");
    unconnected.signal(Signal::SIGTERM);
    assert!(unconnected.wait_for_exit().await.success());

    let _vendor = hp_sandbox::Sandbox::start(hp_sandbox::Options {
        listen,
        ..hp_sandbox::Options::local()
    })
    .unwrap();
    let _worker = world.worker_with(&settings);
    let result = world.result("A-1").await;
    assert_fields!(result, { "status": "completed", "attempts": "1" });
}

#[tokio::test]
async fn refused_result_is_kept_until_stream_accepts_it() {
    let world = World::with_vendor(hp_sandbox::Options {
        latency: "1s".parse().unwrap(),
        ..hp_sandbox::Options::local()
    });
    let worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.wait_for_state("A-1", "submitting").await;
    world
        .redis
        .command::<()>(&["SET", "{hp}:results", "no stream"])
        .await;
    worker.wait_for_log("the worker keeps the outcome").await;
    assert_eq!(world.record("A-1").await["state"], "submitting");
    world.redis.command::<u64>(&["DEL", "{hp}:results"]).await;
    assert_eq!(world.result("A-1").await["status"], "completed");
    assert_eq!(world.charge_count("A-1"), 1);
}
