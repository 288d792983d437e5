//! A Redis that lost its last writes: the worker queries HitPoints before it buys what Redis may have forgotten.

use std::time::Duration;

use e2e::{Redis, World, assert_fields};
use hp_order::{Cause, Event, State};
use hp_queue::{FirstSource, Settled};
use hp_sandbox::{Duplicate, Options};
use nix::sys::signal::Signal;

use crate::claims::{ENDED_LEASE, LONG_LEASE, apply_event, claim_one, gave_up, reconnect};

/// A world whose vendor charges repeated submissions again.
fn world_with_careless_vendor() -> World {
    World::with_vendor(Options {
        duplicate: Duplicate::Charge,
        ..Options::local()
    })
}

async fn epoch(world: &World) -> e2e::Entry {
    world.redis.command(&["HGETALL", "{hp}:epoch"]).await
}

#[tokio::test]
async fn forgotten_charge_is_found_and_not_repeated() {
    let mut world = world_with_careless_vendor();
    let mut worker = world.worker();
    world.enqueue("A-0", 1).await;
    world.result("A-0").await;
    let before_the_order = world.redis.snapshot();
    world.enqueue("A-1", 1).await;
    let first = world.result("A-1").await;
    worker.signal(Signal::SIGKILL);
    worker.wait_for_exit().await;

    // The result is lost, so the shop enqueues the order again.
    world.redis.restore(&before_the_order);
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    let again = world.result("A-1").await;
    assert_fields!(again, { "status": "completed", "source": "query" });
    assert_eq!(again["pins"], first["pins"]);
    assert_eq!(world.charge_count("A-1"), 1);
    assert_eq!(world.stream("{hp}:results").await.len(), 2, "one for each");
}

#[tokio::test]
async fn restored_inbox_entry_is_queried_then_bought() {
    let mut world = world_with_careless_vendor();
    {
        let mut first = world.worker();
        world.enqueue("A-0", 1).await;
        world.result("A-0").await;
        first.signal(Signal::SIGTERM);
        first.wait_for_exit().await;
    }
    world.enqueue("sent", 1).await;
    world.enqueue("not-sent", 1).await;
    let in_the_inbox = world.redis.snapshot();
    {
        let _second = world.worker_with(&[("HP_WORKER__CONCURRENCY", "1")]);
        world.result("sent").await;
    }
    let charged_before = world.charge_count("not-sent");
    world.redis.restore(&in_the_inbox);
    let _third = world.worker();
    assert_eq!(world.result("sent").await["source"], "query");
    let not_sent = world.result("not-sent").await;
    assert_fields!(not_sent, { "status": "completed", "attempts": "1" });
    assert_eq!(
        (world.charge_count("sent"), world.charge_count("not-sent")),
        (1, 1),
        "{charged_before} before the crash"
    );
}

#[tokio::test]
async fn restart_doubts_older_orders_for_limited_time() {
    let mut world = World::start();
    let ledger = world.ledger();
    for id in ["claimed", "queued"] {
        world.enqueue(id, 1).await;
        let claimed = claim_one(&ledger, ENDED_LEASE).await;
        assert_eq!(claimed.record.state, State::Submitting);
        apply_event(&ledger, &claimed, Event::Released).await;
    }
    let claimed = claim_one(&ledger, LONG_LEASE).await;
    assert_eq!(claimed.id().as_str(), "claimed");
    world.enqueue("sent", 1).await;
    let sent = claim_one(&ledger, ENDED_LEASE).await;
    assert_eq!(sent.id().as_str(), "sent");
    world.enqueue("in-the-inbox", 1).await;
    world.redis.crash_and_restart();
    reconnect(&ledger).await;

    world.enqueue("new", 1).await;
    let taken = ledger
        .claim_batch(9, LONG_LEASE, FirstSource::Schedule)
        .await
        .unwrap();
    let seen: Vec<_> = taken
        .claims
        .iter()
        .map(|claimed| {
            let record = &claimed.record;
            (
                claimed.id().as_str(),
                record.state,
                record.cause,
                record.attempts,
            )
        })
        .collect();
    let (unsent, died) = (Cause::RedisRestarted, Cause::WorkerDied);
    let doubted = [
        ("queued", unsent),
        ("sent", died),
        ("in-the-inbox", unsent),
        ("new", unsent),
    ];
    assert_eq!(
        seen,
        doubted.map(|(id, cause)| (id, State::Uncertain, Some(cause), 1))
    );
    let lasts = |nth: usize| {
        let until = taken.claims[nth].record.not_found_valid_from.unwrap();
        until.since(taken.now)
    };
    assert_eq!(
        lasts(0),
        LONG_LEASE,
        "no known loss: one lease is enough for an order that seems unsent"
    );
    assert_eq!(
        lasts(1),
        e2e::rules().policy.resubmit_after,
        "a request that Redis does not know of may be in transit"
    );
    assert_eq!(
        apply_event(&ledger, &claimed, gave_up()).await,
        Settled::Stale,
        "Redis may have forgotten a later claim whose worker sent the order"
    );
    assert_eq!(
        apply_event(&ledger, &claimed, Event::Released).await,
        Settled::Applied(None)
    );
}

#[tokio::test]
async fn short_lease_does_not_shorten_doubt() {
    let mut world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    apply_event(
        &ledger,
        &claim_one(&ledger, LONG_LEASE).await,
        Event::Released,
    )
    .await;
    world.redis.crash_and_restart();
    reconnect(&ledger).await;
    let second = Duration::from_secs(1);
    let mut taken = ledger
        .claim_batch(1, second, FirstSource::Schedule)
        .await
        .unwrap();
    let until = taken.claims.remove(0).record.not_found_valid_from.unwrap();
    assert_eq!(until.since(taken.now), Duration::from_secs(15));
}

#[tokio::test]
async fn job_enqueued_after_restart_is_queried_first() {
    let mut world = World::start();
    let mut rules = e2e::rules();
    rules.policy.resubmit_after = Duration::from_millis(1);
    let ledger = world.ledger_with(rules);
    world.enqueue("A-0", 1).await;
    apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, gave_up()).await;
    world.redis.crash_and_restart();
    reconnect(&ledger).await;
    ledger
        .claim_batch(1, LONG_LEASE, FirstSource::Inbox)
        .await
        .unwrap();

    let since: u64 = epoch(&world).await["since"].parse().unwrap();
    let entry = format!("{since}-0");
    let job = ["order_id", "A-1", "product_id", "2", "quantity", "1"];
    let words = [&["XADD", "{hp}:jobs", &entry], &job[..]].concat();
    world.redis.command::<String>(&words).await;
    while world.now().await <= since + 1 {}
    let taken = claim_one(&ledger, LONG_LEASE).await;
    assert_eq!(taken.record.cause, Some(Cause::RedisRestarted));
}

#[tokio::test]
async fn worker_watermark_proves_lost_writes() {
    let mut world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-0", 1).await;
    apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, gave_up()).await;
    let earlier = world.redis.snapshot();
    world.enqueue("A-1", 1).await;
    let lost = claim_one(&ledger, LONG_LEASE).await;
    world.redis.restore(&earlier);
    reconnect(&ledger).await;

    world.enqueue("A-1", 1).await;
    let again = claim_one(&ledger, LONG_LEASE).await;
    assert!(again.epoch.ends_with('!'), "{}", again.epoch);
    let until = again.record.not_found_valid_from.unwrap();
    let since = epoch(&world).await["since"].parse().unwrap();
    let full = hp_order::Millis(since).plus(e2e::rules().policy.resubmit_after);
    assert!(until.0.abs_diff(full.0) < 60_000, "{until:?}, {full:?}");
    assert_eq!(lost.record.claim, again.record.claim, "claimed twice");
    assert_eq!(apply_event(&ledger, &lost, gave_up()).await, Settled::Stale);
    assert!(!ledger.renew(&lost, LONG_LEASE).await.unwrap());
}

#[tokio::test]
async fn emptied_redis_is_not_a_new_queue() {
    let mut world = world_with_careless_vendor();
    let empty = world.redis.snapshot();
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    world.redis.restore(&empty);
    world.enqueue("A-1", 1).await;
    assert_eq!(world.result("A-1").await["source"], "query");
    assert_eq!(world.charge_count("A-1"), 1);
}

#[tokio::test]
async fn flushed_queue_is_not_a_new_queue() {
    let world = world_with_careless_vendor();
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    world.redis.command::<()>(&["FLUSHALL"]).await;
    world.enqueue("A-1", 1).await;
    assert_eq!(world.result("A-1").await["source"], "query");
    assert_eq!(world.charge_count("A-1"), 1);
    assert!(epoch(&world).await["id"].ends_with('!'));
}

#[tokio::test]
async fn old_worker_detects_loss_after_fresh_start() {
    let mut world = world_with_careless_vendor();
    let empty = world.redis.snapshot();
    let old = world.ledger();
    world.enqueue("A-1", 1).await;
    claim_one(&old, LONG_LEASE).await;
    world.redis.restore(&empty);
    assert_new_queue_is_doubted(&world, &old).await;
}

#[tokio::test]
async fn old_worker_detects_flush_after_fresh_start() {
    let world = world_with_careless_vendor();
    let old = world.ledger();
    world.enqueue("A-1", 1).await;
    claim_one(&old, LONG_LEASE).await;
    world.redis.command::<()>(&["FLUSHALL"]).await;
    assert_new_queue_is_doubted(&world, &old).await;
}

#[tokio::test]
async fn old_worker_detects_loss_at_equal_claim_count() {
    let mut world = world_with_careless_vendor();
    let empty = world.redis.snapshot();
    let old = world.ledger();
    world.enqueue("A-1", 1).await;
    claim_one(&old, LONG_LEASE).await;
    world.redis.restore(&empty);
    world.enqueue("A-2", 1).await;
    claim_one(&world.ledger(), LONG_LEASE).await;
    let later = world.redis.snapshot();
    world.redis.restore(&later);
    reconnect(&old).await;
    world.enqueue("A-1", 1).await;
    let again = claim_one(&old, LONG_LEASE).await;
    assert!(again.epoch.ends_with('!'), "{}", again.epoch);
}

async fn assert_new_queue_is_doubted(world: &World, old: &hp_queue::Ledger) {
    let new = world.ledger();
    world.enqueue("A-2", 1).await;
    let early = claim_one(&new, LONG_LEASE).await;
    assert_eq!(early.record.state, State::Submitting, "a new queue");
    reconnect(old).await;
    world.enqueue("A-1", 1).await;
    let again = claim_one(old, LONG_LEASE).await;
    assert_eq!(again.record.cause, Some(Cause::RedisRestarted));
    assert!(again.epoch.ends_with('!'), "{}", again.epoch);
    assert_eq!(
        apply_event(&new, &early, gave_up()).await,
        Settled::Stale,
        "no record is left of what was sent"
    );
}

#[tokio::test]
async fn claim_from_before_flush_changes_nothing() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let before = claim_one(&ledger, LONG_LEASE).await;
    world.redis.command::<()>(&["FLUSHALL"]).await;
    world.enqueue("A-1", 1).await;
    let after = claim_one(&world.ledger(), LONG_LEASE).await;
    assert_eq!(before.record.claim, after.record.claim, "claimed twice");
    assert_eq!(
        apply_event(&ledger, &before, Event::Released).await,
        Settled::Stale
    );
    assert!(!ledger.renew(&before, LONG_LEASE).await.unwrap());
}

#[tokio::test]
async fn new_queue_doubts_nothing() {
    let world = World::start();
    let (one, other) = (world.ledger(), world.ledger());
    world.enqueue("A-1", 1).await;
    assert_eq!(
        claim_one(&one, LONG_LEASE).await.record.state,
        State::Submitting
    );
    world.enqueue("A-2", 1).await;
    assert_eq!(
        claim_one(&other, LONG_LEASE).await.record.state,
        State::Submitting
    );
    assert_eq!(epoch(&world).await["since"], "0");
}

#[tokio::test]
async fn read_only_redis_loses_nothing() {
    // A cluster does not support REPLICAOF.
    let world = World::with_redis(Redis::single(), Options::local());
    let worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    world
        .redis
        .command::<()>(&["REPLICAOF", "127.0.0.1", "1"])
        .await;
    worker.wait_for_log("read only replica").await;
    world.redis.command::<()>(&["REPLICAOF", "NO", "ONE"]).await;
    world.enqueue("A-2", 1).await;
    let result = world.result("A-2").await;
    assert_fields!(result, { "status": "completed", "attempts": "1" });
    assert_ne!(
        epoch(&world).await["since"],
        "0",
        "a promotion may lose writes"
    );
}

#[tokio::test]
async fn epoch_without_later_fields_is_read() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    claim_one(&ledger, LONG_LEASE).await;
    let later = ["HDEL", "{hp}:epoch", "promoted", "closed", "steady", "wall"];
    assert_eq!(world.redis.command::<u64>(&later).await, 4);
    world.enqueue("A-2", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    assert_eq!(claim.record.state, State::Submitting);
}

#[tokio::test]
async fn restart_of_new_master_keeps_wait_for_old_one() {
    let mut world = World::with_redis(Redis::single(), Options::local());
    let ledger = world.ledger();
    ledger.report_watermark().await.unwrap();
    let promote: [&[&str]; 2] = [
        &["REPLICAOF", "127.0.0.1", "1"],
        &["REPLICAOF", "NO", "ONE"],
    ];
    for words in promote {
        world.redis.command::<()>(words).await;
    }
    reconnect(&ledger).await;
    ledger.report_watermark().await.unwrap();
    assert_eq!(epoch(&world).await["promoted"], "1");
    world.redis.crash();
    world.redis.restart();
    reconnect(&ledger).await;
    ledger.report_watermark().await.unwrap();
    let restarted = epoch(&world).await;
    assert!(restarted["id"].ends_with('!'), "{restarted:?}");
    assert_eq!(restarted["promoted"], "1");
}
