//! Start, shutdown and death of a worker, and what happens to its orders.

use e2e::World;
use nix::sys::signal::Signal;

#[tokio::test]
async fn signal_finishes_claimed_orders_and_exits_zero() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let world = World::with_vendor(hp_sandbox::Options {
            latency: "300ms".parse().unwrap(),
            ..hp_sandbox::Options::local()
        });
        let mut worker = world.worker();
        world.enqueue("A-1", 1).await;
        // An order that the worker has not begun would be released.
        world.wait_for_charge("A-1").await;
        worker.signal(signal);
        assert!(worker.wait_for_exit().await.success(), "{}", worker.log());
        assert_eq!(world.result("A-1").await["source"], "fetch");

        world.enqueue("A-2", 1).await;
        assert_eq!(
            world.redis.command::<u64>(&["XLEN", "{hp}:jobs"]).await,
            1,
            "claimed after shutdown"
        );
    }
}

#[tokio::test]
async fn second_signal_exits_at_once_and_order_survives() {
    let world = World::start();
    let mut worker = world.worker_with(&[
        ("HP_API__TIMEOUT", "50s"),
        ("HP_RETRY__RESUBMIT_AFTER", "60s"),
    ]);
    world.enqueue("A-1~timeout-after", 1).await;
    world.wait_for_charge("A-1~timeout-after").await;
    worker.signal(Signal::SIGTERM);
    worker.wait_for_log("shutdown requested").await;
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.wait_for_exit().await.code(), Some(1));

    let _successor = world.worker();
    assert_eq!(world.result("A-1~timeout-after").await["source"], "query");
    assert_eq!(world.charge_count("A-1~timeout-after"), 1);
}

#[tokio::test]
async fn drain_timeout_leaves_orders_to_other_workers() {
    let world = World::start();
    let settings = [
        ("HP_API__TIMEOUT", "50s"),
        ("HP_RETRY__RESUBMIT_AFTER", "60s"),
        ("HP_WORKER__DRAIN", "100ms"),
    ];
    let mut worker = world.worker_with(&settings);
    world.enqueue("A-1~timeout-after", 1).await;
    // An order that the worker has not begun would be released.
    world.wait_for_charge("A-1~timeout-after").await;
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.wait_for_exit().await.code(), Some(1));
    assert!(
        worker.log().contains("other workers claim them"),
        "{}",
        worker.log()
    );
}

#[tokio::test]
async fn orders_of_killed_worker_are_charged_once() {
    let world = World::with_vendor(hp_sandbox::Options {
        duplicate: hp_sandbox::Duplicate::Charge,
        ..hp_sandbox::Options::local()
    });
    let mut worker = world.worker_with(&[
        ("HP_API__TIMEOUT", "50s"),
        ("HP_RETRY__RESUBMIT_AFTER", "60s"),
    ]);
    for n in 0..10 {
        world.enqueue(&format!("A-{n}~timeout-after"), 1).await;
    }
    for n in 0..10 {
        world.wait_for_charge(&format!("A-{n}~timeout-after")).await;
    }
    worker.signal(Signal::SIGKILL);
    worker.wait_for_exit().await;
    let _successor = world.worker();
    for n in 0..10 {
        let id = format!("A-{n}~timeout-after");
        assert_eq!(world.result(&id).await["status"], "completed");
        assert_eq!(world.charge_count(&id), 1);
    }
}

#[tokio::test]
async fn lease_is_renewed_during_long_call() {
    let world = World::with_vendor(hp_sandbox::Options {
        latency: "4s".parse().unwrap(),
        ..hp_sandbox::Options::local()
    });
    let slow_calls = [
        ("HP_API__TIMEOUT", "20s"),
        ("HP_RETRY__RESUBMIT_AFTER", "30s"),
    ];
    let _workers = [
        world.worker_with(&slow_calls),
        world.worker_with(&slow_calls),
    ];
    world.enqueue("A-1", 1).await;
    assert_eq!(world.result("A-1").await["source"], "fetch");
    assert_eq!(
        world.record("A-1").await["claim"],
        "1",
        "another worker claimed it"
    );
}

#[tokio::test]
async fn orders_enqueued_before_start_are_bought() {
    let world = World::start();
    world.enqueue("A-1", 1).await;
    let _worker = world.worker();
    assert_eq!(world.result("A-1").await["status"], "completed");
}

#[tokio::test]
async fn suspended_worker_changes_nothing_on_return() {
    let world = World::with_vendor(hp_sandbox::Options {
        latency: "1s".parse().unwrap(),
        duplicate: hp_sandbox::Duplicate::Charge,
        ..hp_sandbox::Options::local()
    });
    let lease = [("HP_WORKER__LEASE", "1s")];
    let stopped = world.worker_with(&lease);
    world.enqueue("A-1", 1).await;
    world.wait_for_charge("A-1").await;
    stopped.signal(Signal::SIGSTOP);
    let _successor = world.worker_with(&lease);
    assert_eq!(world.result("A-1").await["status"], "completed");
    let ended = world.record("A-1").await;
    stopped.signal(Signal::SIGCONT);
    stopped.wait_for_log("another worker").await;
    assert_eq!(world.record("A-1").await, ended);
    assert_eq!(world.stream("{hp}:results").await.len(), 1);
    assert_eq!(world.charge_count("A-1"), 1);
}
