//! How a worker starts, stops, dies and is survived.

use e2e::World;
use nix::sys::signal::Signal;

#[tokio::test]
async fn sigterm_finishes_what_has_begun_takes_nothing_more_and_exits_zero() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let world = World::with(hp_sandbox::Options {
            latency: "300ms".parse().unwrap(),
            ..hp_sandbox::Options::local()
        });
        let mut worker = world.worker();
        world.order("A-1", 1).await;
        world.in_state("A-1", "submitting").await;
        worker.signal(signal);
        assert!(worker.ended().await.success(), "{}", worker.log());
        assert_eq!(world.result("A-1").await["source"], "fetch");

        world.order("A-2", 1).await;
        assert_eq!(
            world.redis.run::<u64>(&["XLEN", "{hp}:jobs"]).await,
            1,
            "taken after the end"
        );
    }
}

#[tokio::test]
async fn a_second_signal_ends_at_once_and_the_order_is_taken_over() {
    let world = World::start();
    let mut worker = world.worker_with(&[
        ("HP_API__TIMEOUT", "50s"),
        ("HP_RETRY__RESUBMIT_AFTER", "60s"),
    ]);
    world.order("A-1~timeout-after", 1).await;
    world.in_state("A-1~timeout-after", "submitting").await;
    worker.signal(Signal::SIGTERM);
    worker.said("asked to stop").await;
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.ended().await.code(), Some(1));

    let _heir = world.worker();
    assert_eq!(world.result("A-1~timeout-after").await["source"], "query");
    assert_eq!(world.charged("A-1~timeout-after"), 1);
}

#[tokio::test]
async fn a_worker_that_cannot_finish_in_time_says_so_and_leaves_its_orders_to_others() {
    let world = World::start();
    let settings = [
        ("HP_API__TIMEOUT", "50s"),
        ("HP_RETRY__RESUBMIT_AFTER", "60s"),
        ("HP_WORKER__DRAIN", "100ms"),
    ];
    let mut worker = world.worker_with(&settings);
    world.order("A-1~timeout-after", 1).await;
    world.in_state("A-1~timeout-after", "submitting").await;
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.ended().await.code(), Some(1));
    assert!(
        worker.log().contains("taken over when their lease ends"),
        "{}",
        worker.log()
    );
}

#[tokio::test]
async fn the_orders_of_a_killed_worker_are_taken_over_and_charged_once() {
    let world = World::with(hp_sandbox::Options {
        duplicate: hp_sandbox::Duplicate::Charge,
        ..hp_sandbox::Options::local()
    });
    let mut worker = world.worker_with(&[
        ("HP_API__TIMEOUT", "50s"),
        ("HP_RETRY__RESUBMIT_AFTER", "60s"),
    ]);
    for n in 0..10 {
        world.order(&format!("A-{n}~timeout-after"), 1).await;
    }
    for n in 0..10 {
        world
            .in_state(&format!("A-{n}~timeout-after"), "submitting")
            .await;
    }
    worker.signal(Signal::SIGKILL);
    worker.ended().await;
    let _heir = world.worker();
    for n in 0..10 {
        let id = format!("A-{n}~timeout-after");
        assert_eq!(world.result(&id).await["status"], "completed");
        assert_eq!(world.charged(&id), 1);
    }
}

#[tokio::test]
async fn a_long_call_keeps_its_order_by_renewing_the_lease() {
    let world = World::with(hp_sandbox::Options {
        latency: "4s".parse().unwrap(),
        ..hp_sandbox::Options::local()
    });
    let patient = [
        ("HP_API__TIMEOUT", "20s"),
        ("HP_RETRY__RESUBMIT_AFTER", "30s"),
    ];
    let _workers = [world.worker_with(&patient), world.worker_with(&patient)];
    world.order("A-1", 1).await;
    assert_eq!(world.result("A-1").await["source"], "fetch");
    assert_eq!(
        world.record("A-1").await["claim"],
        "1",
        "another worker took it"
    );
}

#[tokio::test]
async fn what_was_put_in_before_the_worker_started_is_bought() {
    let world = World::start();
    world.order("A-1", 1).await;
    let _worker = world.worker();
    assert_eq!(world.result("A-1").await["status"], "completed");
}

#[tokio::test]
async fn a_worker_that_was_stopped_past_its_lease_changes_nothing_when_it_goes_on() {
    let world = World::with(hp_sandbox::Options {
        latency: "1s".parse().unwrap(),
        duplicate: hp_sandbox::Duplicate::Charge,
        ..hp_sandbox::Options::local()
    });
    let lease = [("HP_WORKER__LEASE", "1s")];
    let stopped = world.worker_with(&lease);
    world.order("A-1", 1).await;
    world.in_state("A-1", "submitting").await;
    stopped.signal(Signal::SIGSTOP);
    let _heir = world.worker_with(&lease);
    assert_eq!(world.result("A-1").await["status"], "completed");
    let ended = world.record("A-1").await;
    stopped.signal(Signal::SIGCONT);
    stopped.said("claimed by another worker").await;
    assert_eq!(world.record("A-1").await, ended);
    assert_eq!(world.stream("{hp}:results").await.len(), 1);
    assert_eq!(world.charged("A-1"), 1);
}
