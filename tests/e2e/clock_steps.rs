//! The clock of Redis steps: no order is charged twice, no unread result is lost, and no order stands still.

use std::time::Duration;

use e2e::{Redis, World};
use hp_sandbox::{Duplicate, Options};

const DAY: Duration = Duration::from_hours(24);

/// A vendor that charges a repeated id again.
fn charging_vendor(latency: &str) -> Options {
    Options {
        latency: latency.parse().unwrap(),
        duplicate: Duplicate::Charge,
        ..Options::local()
    }
}

fn world_with(vendor: Options) -> World {
    World::with_redis(Redis::single_with_clock(""), vendor)
}

fn ids(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("A-{n}")).collect()
}

async fn assert_all_bought_once(world: &World, ids: &[String]) {
    for result in world.results_of_all(ids).await {
        assert_eq!(result["status"], "completed", "{result:?}");
        assert_eq!(world.charge_count(&result["order_id"]), 1, "{result:?}");
    }
}

#[tokio::test]
async fn clock_step_resubmits_no_request_on_its_way() {
    // A query finds a charge only ten seconds after it, as if the request took so long.
    let world = world_with(Options {
        late_record: Duration::from_secs(10),
        ..charging_vendor("10ms")
    });
    world.sandbox.set_fault("late-record", 1.0).unwrap();
    let _worker = world.worker_with(&[("HP_RETRY__RESUBMIT_AFTER", "5m")]);
    let ids = ids(5);
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    for id in &ids {
        world.wait_for_state(id, "uncertain").await;
    }
    world.sandbox.clear_faults();
    world.redis.clock().set_ahead(Duration::from_secs(330));
    assert_all_bought_once(&world, &ids).await;
}

#[tokio::test]
async fn clock_step_trims_no_unread_result() {
    let world = world_with(Options::local());
    let _worker = world.worker();
    let ids = ids(10);
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    world.results_of_all(&ids).await;
    world.redis.clock().set_ahead(8 * DAY);
    world.enqueue("A-ahead", 1).await;
    world.result("A-ahead").await;
    world.redis.clock().set_right();
    world.enqueue("A-right", 1).await;
    world.result("A-right").await;
    for id in ids {
        assert_eq!(world.result(&id).await["status"], "completed");
    }
}

#[tokio::test]
async fn order_goes_on_when_clock_is_set_right() {
    let world = world_with(charging_vendor("10ms"));
    world.sandbox.set_balance("CNY", 0.into()).unwrap();
    let _worker = world.worker();
    world.redis.clock().set_ahead(DAY);
    let ids = ids(3);
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    for id in &ids {
        world.wait_for_state(id, "waiting").await;
    }
    world.redis.clock().set_right();
    world.sandbox.set_balance("CNY", 1_000_000.into()).unwrap();
    assert_all_bought_once(&world, &ids).await;
}

#[tokio::test]
async fn claimed_order_is_taken_over_when_clock_is_set_right() {
    let world = world_with(charging_vendor("10s"));
    world.redis.clock().set_ahead(DAY);
    let settings = [
        ("HP_API__TIMEOUT", "1s"),
        ("HP_WORKER__LEASE", "1s"),
        ("HP_WORKER__NEEDS_PRODUCTS", "false"),
    ];
    let killed = world.worker_with(&settings);
    world.enqueue("A-1", 1).await;
    world.wait_for_state("A-1", "submitting").await;
    killed.signal(nix::sys::signal::Signal::SIGKILL);
    world.redis.clock().set_right();
    let _next = world.worker_with(&settings);
    world.wait_for_state("A-1", "uncertain").await;
}

#[tokio::test]
async fn largest_entry_id_leaves_inbox_usable() {
    let world = world_with(Options::local());
    let largest = format!("{0}-{0}", u64::MAX);
    world
        .redis
        .command::<()>(&[
            "XADD",
            "{hp}:jobs",
            &largest,
            "order_id",
            "A-largest",
            "product_id",
            "2",
            "quantity",
            "1",
        ])
        .await;
    let _worker = world.worker();
    world.result("A-largest").await;
    world
        .redis
        .wait_until("an empty inbox", || async {
            (world.redis.command::<u64>(&["XLEN", "{hp}:jobs"]).await == 0).then_some(())
        })
        .await;
    world.enqueue("A-next", 1).await;
    assert_eq!(world.result("A-next").await["status"], "completed");
}

/// A producer in Redis' future chooses the entry id. Ids of the inbox go on after it.
#[tokio::test]
async fn entry_id_of_the_far_future_leaves_inbox_usable() {
    let world = world_with(Options::local());
    let _worker = world.worker();
    let job = ["order_id", "A-future", "product_id", "2", "quantity", "1"];
    let add = ["XADD", "{hp}:jobs", "9999999999999-0"];
    world
        .redis
        .command::<String>(&[&add[..], &job].concat())
        .await;
    assert_eq!(world.result("A-future").await["status"], "completed");
    let ids = ids(5);
    for id in &ids {
        let entry = world.enqueue(id, 1).await;
        assert!(entry.starts_with("9999999999999-"), "{entry}");
    }
    assert_all_bought_once(&world, &ids).await;
    // A repetition after the end is answered by a replay.
    world.enqueue("A-0", 1).await;
    let results = world.results("A-0", 2).await;
    assert_eq!(results[1]["replay_of"], results[0]["entry"]);
}

/// The clock was a day ahead while a worker claimed orders and died.
#[tokio::test(flavor = "multi_thread")]
async fn commands_see_stuck_orders_when_clock_is_set_right() {
    let world = world_with(charging_vendor("20s"));
    world.redis.clock().set_ahead(DAY);
    let settings = [("HP_API__TIMEOUT", "1s"), ("HP_WORKER__LEASE", "1s")];
    let mut killed = world.worker_with(&settings);
    for id in ["A-stuck", "A-retried"] {
        world.enqueue(id, 1).await;
        world.wait_for_state(id, "submitting").await;
    }
    killed.signal(nix::sys::signal::Signal::SIGKILL);
    killed.wait_for_exit().await;
    world.redis.clock().set_right();
    let run = |words: &[&str]| {
        let more = [
            settings[0],
            settings[1],
            ("HP_RECONCILE__STUCK_AFTER", "1ms"),
        ];
        let output = e2e::Worker::output(words, &world.settings(&more));
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), text)
    };
    let (_, status) = run(&["status", "--json"]);
    assert!(status.contains("\"workers\": {}"), "{status}");
    let (code, retried) = run(&["retry", "A-retried", "--why", "x"]);
    assert_eq!(code, Some(0), "{retried}");
    assert!(!retried.contains("is processing"), "{retried}");
    let (code, report) = run(&["reconcile", "--once", "--json"]);
    assert_ne!(code, None);
    assert!(report.contains("\"looked_at\": 2"), "{report}");
    assert!(report.contains("\"in_hand\": 0"), "{report}");
}
