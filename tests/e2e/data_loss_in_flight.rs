//! Orders that workers are processing while Redis loses its last writes.

use std::time::Duration;

use e2e::{Redis, World};
use hp_order::State;
use hp_queue::{FirstSource, Settled};
use hp_sandbox::{Duplicate, Options};
use nix::sys::signal::Signal;

use crate::claims::{LONG_LEASE, apply_event, claim_one, gave_up, policy, reconnect, refused};

/// A world whose vendor is slow and charges repeated submissions again.
fn world_with_slow_careless_vendor() -> World {
    World::with_vendor(Options {
        duplicate: Duplicate::Charge,
        latency: "1s".parse().unwrap(),
        ..Options::local()
    })
}

#[tokio::test]
async fn busy_or_draining_worker_reports_lost_writes() {
    for is_draining in [false, true] {
        let mut world = World::start();
        let worker = world.worker_with(&[
            ("HP_WORKER__CONCURRENCY", "1"),
            ("HP_API__TIMEOUT", "50s"),
            ("HP_RETRY__RESUBMIT_AFTER", "60s"),
        ]);
        world.enqueue("A-0", 1).await;
        world.result("A-0").await;
        let earlier = world.redis.snapshot();
        world.enqueue("A-1~timeout-after", 1).await;
        world.wait_for_charge("A-1~timeout-after").await;
        if is_draining {
            worker.signal(Signal::SIGTERM);
            worker.wait_for_log("shutdown requested").await;
        }
        world.redis.restore(&earlier);
        world
            .redis
            .wait_until("the worker to show that writes are lost", || async {
                let id: Option<String> = world.redis.command(&["HGET", "{hp}:epoch", "id"]).await;
                id.filter(|id| id.ends_with('!'))
            })
            .await;
    }
}

#[tokio::test]
async fn charge_of_forgotten_order_is_published() {
    let mut world = world_with_slow_careless_vendor();
    let empty = world.redis.snapshot();
    let worker = world.worker();
    world.enqueue("A-1", 1).await;
    // Half of the vendor's latency comes after the charge: the worker is suspended while the answer arrives.
    world.wait_for_charge("A-1").await;
    worker.signal(Signal::SIGSTOP);
    world.redis.restore(&empty);
    worker.signal(Signal::SIGCONT);
    assert_eq!(world.result("A-1").await["status"], "completed");
    worker.wait_for_log("Redis had forgotten this order").await;
    assert_eq!(world.charge_count("A-1"), 1);
    assert_eq!(world.results("A-1", 1).await.len(), 1);
}

#[tokio::test]
async fn forgotten_order_is_restored_in_doubt() {
    let mut world = World::start();
    let empty = world.redis.snapshot();
    let ledger = world.ledger();
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    world
        .enqueue_job(&[
            ("order_id", "A-1"),
            ("product_id", "2"),
            ("quantity", "3"),
            ("deadline", "4102444800000"),
            ("reply_to", "{hp}:results:till-7"),
            ("meta", "a line"),
            ("traceparent", traceparent),
        ])
        .await;
    let claimed = claim_one(&ledger, LONG_LEASE).await;
    world.redis.restore(&empty);
    reconnect(&ledger).await;
    assert_eq!(
        apply_event(&ledger, &claimed, refused()).await,
        Settled::Restored
    );
    assert_eq!(
        world
            .redis
            .command::<Vec<String>>(&["ZRANGE", "{hp}:open", "0", "-1"])
            .await,
        ["A-1"]
    );
    let mut taken = ledger
        .claim_batch(9, LONG_LEASE, FirstSource::Schedule)
        .await
        .unwrap();
    let again = taken.claims.remove(0);
    assert_eq!(again.record.state, State::Uncertain);
    assert!(
        again.record.not_found_valid_from.is_some(),
        "Redis may have forgotten more"
    );
    assert_eq!(again.record.wanted, claimed.record.wanted);
    let words = |claimed: &hp_queue::Claim| {
        (
            claimed.record.accepted_at,
            claimed.record.first_submitted_at,
            claimed.record.submitted_at,
            claimed.record.deadline,
            claimed.reply_to.clone(),
            claimed.meta.clone(),
            claimed.traceparent.clone(),
        )
    };
    assert_eq!(words(&again), words(&claimed));
    let transitions: Vec<_> = again.history.entries().iter().collect();
    assert_eq!(transitions.len(), 1);
    assert_eq!(transitions[0].code, Some(400_100), "the vendor's code");
}

#[tokio::test]
async fn restored_order_waits_no_longer_than_its_rule() {
    let mut world = World::with_redis(Redis::single_with_clock(""), Options::local());
    let empty = world.redis.snapshot();
    let ledger = world.ledger();
    world.redis.clock().set_ahead(Duration::from_hours(24));
    world.enqueue("A-1", 1).await;
    let claimed = claim_one(&ledger, LONG_LEASE).await;
    world.redis.clock().set_right();
    world.redis.restore(&empty);
    reconnect(&ledger).await;
    let settled = apply_event(&ledger, &claimed, refused()).await;
    assert_eq!(settled, Settled::Restored);

    let record = world.record("A-1").await;
    let time = |name: &str| record[name].parse::<u64>().unwrap();
    let arrives_until =
        time("submitted_at").checked_add_signed(record["arrives_within"].parse().unwrap());
    let longest = policy().resubmit_after.as_millis();
    assert_eq!(
        u128::from(arrives_until.unwrap() - time("restarted_at")),
        longest
    );
}

#[tokio::test]
async fn restored_order_stays_with_current_claimant() {
    let mut world = World::start();
    let empty = world.redis.snapshot();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let before = claim_one(&ledger, LONG_LEASE).await;
    world.redis.restore(&empty);
    reconnect(&ledger).await;
    world.enqueue("A-1", 1).await;
    let again = claim_one(&ledger, LONG_LEASE).await;
    assert_eq!(
        apply_event(&ledger, &before, gave_up()).await,
        Settled::Stale
    );
    let due: u64 = world
        .redis
        .command(&["ZSCORE", "{hp}:schedule", "A-1"])
        .await;
    assert!(due > again.at.0, "the lease of the second claim continues");
}
