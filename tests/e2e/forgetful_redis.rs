//! A Redis that lost its last writes: what it may have forgotten is asked about before it is bought.

use std::time::Duration;

use e2e::{Redis, World};
use hp_order::{Cause, Event, State};
use hp_queue::{FirstSource, Settled};
use hp_sandbox::{Duplicate, Options};
use nix::sys::signal::Signal;

use crate::by_hand::{LONG, NONE, reconnect, refused, settle, take_one};

/// A vendor that charges every repetition.
fn careless() -> World {
    World::with(Options {
        duplicate: Duplicate::Charge,
        ..Options::local()
    })
}

async fn epoch(world: &World) -> e2e::Entry {
    world.redis.run(&["HGETALL", "{hp}:epoch"]).await
}

#[tokio::test]
async fn a_charge_that_redis_forgot_is_found_and_not_charged_again() {
    let mut world = careless();
    let mut worker = world.worker();
    world.order("A-0", 1).await;
    world.result("A-0").await;
    let before_the_order = world.redis.remember();
    world.order("A-1", 1).await;
    let told = world.result("A-1").await;
    worker.signal(Signal::SIGKILL);
    worker.ended().await;

    // The shop waits for a result that is gone, and puts the order in once more.
    world.redis.fall_back(&before_the_order);
    let _worker = world.worker();
    world.order("A-1", 1).await;
    let again = world.result("A-1").await;
    assert_eq!(
        (again["status"].as_str(), again["source"].as_str()),
        ("completed", "query")
    );
    assert_eq!(again["pins"], told["pins"]);
    assert_eq!(world.charged("A-1"), 1);
    assert_eq!(world.stream("{hp}:results").await.len(), 2, "one for each");
}

#[tokio::test]
async fn an_entry_that_is_back_in_the_inbox_is_asked_about_and_then_bought() {
    let mut world = careless();
    {
        let mut first = world.worker();
        world.order("A-0", 1).await;
        world.result("A-0").await;
        first.signal(Signal::SIGTERM);
        first.ended().await;
    }
    world.order("sent", 1).await;
    world.order("not-sent", 1).await;
    let in_the_inbox = world.redis.remember();
    {
        let _second = world.worker_with(&[("HP_WORKER__CONCURRENCY", "1")]);
        world.result("sent").await;
    }
    let charged_before = world.charged("not-sent");
    world.redis.fall_back(&in_the_inbox);
    let _third = world.worker();
    assert_eq!(world.result("sent").await["source"], "query");
    let not_sent = world.result("not-sent").await;
    assert_eq!(
        (not_sent["status"].as_str(), not_sent["attempts"].as_str()),
        ("completed", "1")
    );
    assert_eq!(
        (world.charged("sent"), world.charged("not-sent")),
        (1, 1),
        "{charged_before} before the crash"
    );
}

#[tokio::test]
async fn what_is_older_than_redis_is_in_doubt_and_what_is_newer_soon_is_not() {
    let mut world = World::start();
    let ledger = world.ledger();
    for id in ["in-hand", "queued"] {
        world.order(id, 1).await;
        let claimed = take_one(&ledger, NONE).await;
        assert_eq!(claimed.record.state, State::Submitting);
        settle(&ledger, &claimed, Event::Released).await;
    }
    let in_hand = take_one(&ledger, LONG).await;
    assert_eq!(in_hand.id().as_str(), "in-hand");
    world.order("sent", 1).await;
    let sent = take_one(&ledger, NONE).await;
    assert_eq!(sent.id().as_str(), "sent");
    world.order("in-the-inbox", 1).await;
    world.redis.crash_and_restart();
    reconnect(&ledger).await;

    world.order("new", 1).await;
    let taken = ledger
        .claim_batch(9, LONG, FirstSource::Schedule)
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
        LONG,
        "nothing is known to be lost, so one lease is enough for what seems not to be sent"
    );
    assert_eq!(
        lasts(1),
        e2e::rules().policy.resubmit_after,
        "a later request than Redis knows of may be on its way"
    );
    assert_eq!(
        settle(&ledger, &in_hand, refused()).await,
        Settled::Stale,
        "Redis may have forgotten a later claim, whose holder has sent the order"
    );
    assert_eq!(
        settle(&ledger, &in_hand, Event::Released).await,
        Settled::Applied(None)
    );
}

#[tokio::test]
async fn a_lease_that_is_too_short_to_hear_from_all_workers_shortens_no_doubt() {
    let mut world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    settle(&ledger, &take_one(&ledger, LONG).await, Event::Released).await;
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
async fn what_was_put_in_soon_after_a_restart_is_asked_about_however_late_it_is_taken() {
    let mut world = World::start();
    let mut rules = e2e::rules();
    rules.policy.resubmit_after = Duration::from_millis(1);
    let ledger = world.ledger_with(rules);
    world.order("A-0", 1).await;
    settle(&ledger, &take_one(&ledger, LONG).await, refused()).await;
    world.redis.crash_and_restart();
    reconnect(&ledger).await;
    ledger
        .claim_batch(1, LONG, FirstSource::Inbox)
        .await
        .unwrap();

    let since: u64 = epoch(&world).await["since"].parse().unwrap();
    let entry = format!("{since}-0");
    let job = ["order_id", "A-1", "product_id", "2", "quantity", "1"];
    let words = [&["XADD", "{hp}:jobs", &entry], &job[..]].concat();
    world.redis.run::<String>(&words).await;
    while now(&world).await <= since + 1 {}
    let taken = take_one(&ledger, LONG).await;
    assert_eq!(taken.record.cause, Some(Cause::RedisRestarted));
}

async fn now(world: &World) -> u64 {
    let (seconds, micros): (u64, u64) = world.redis.run(&["TIME"]).await;
    seconds * 1000 + micros / 1000
}

#[tokio::test]
async fn a_worker_that_remembers_more_than_redis_proves_that_writes_are_lost() {
    let mut world = World::start();
    let ledger = world.ledger();
    world.order("A-0", 1).await;
    settle(&ledger, &take_one(&ledger, LONG).await, refused()).await;
    let earlier = world.redis.remember();
    world.order("A-1", 1).await;
    let lost = take_one(&ledger, LONG).await;
    world.redis.fall_back(&earlier);
    reconnect(&ledger).await;

    world.order("A-1", 1).await;
    let again = take_one(&ledger, LONG).await;
    assert!(again.epoch.ends_with('!'), "{}", again.epoch);
    let until = again.record.not_found_valid_from.unwrap();
    let since = epoch(&world).await["since"].parse().unwrap();
    assert_eq!(
        until,
        hp_order::Millis(since).plus(e2e::rules().policy.resubmit_after)
    );
    assert_eq!(lost.record.claim, again.record.claim, "given out twice");
    assert_eq!(settle(&ledger, &lost, refused()).await, Settled::Stale);
    assert!(!ledger.renew(&lost, LONG).await.unwrap());
}

#[tokio::test]
async fn a_redis_that_forgot_everything_is_not_taken_for_a_new_one() {
    let mut world = careless();
    let empty = world.redis.remember();
    let _worker = world.worker();
    world.order("A-1", 1).await;
    world.result("A-1").await;
    world.redis.fall_back(&empty);
    world.order("A-1", 1).await;
    assert_eq!(world.result("A-1").await["source"], "query");
    assert_eq!(world.charged("A-1"), 1);
}

#[tokio::test]
async fn a_queue_that_somebody_emptied_is_not_taken_for_a_new_one() {
    let world = careless();
    let _worker = world.worker();
    world.order("A-1", 1).await;
    world.result("A-1").await;
    world.redis.run::<()>(&["FLUSHALL"]).await;
    world.order("A-1", 1).await;
    assert_eq!(world.result("A-1").await["source"], "query");
    assert_eq!(world.charged("A-1"), 1);
    assert!(epoch(&world).await["id"].ends_with('!'));
}

#[tokio::test]
async fn a_worker_that_remembers_finds_out_though_a_new_one_takes_an_empty_redis_for_a_new_queue() {
    let mut world = careless();
    let empty = world.redis.remember();
    let old = world.ledger();
    world.order("A-1", 1).await;
    take_one(&old, LONG).await;
    world.redis.fall_back(&empty);
    assert_new_queue_is_doubted(&world, &old).await;
}

#[tokio::test]
async fn a_worker_that_remembers_finds_out_though_a_new_one_takes_an_emptied_queue_for_a_new_one() {
    let world = careless();
    let old = world.ledger();
    world.order("A-1", 1).await;
    take_one(&old, LONG).await;
    world.redis.run::<()>(&["FLUSHALL"]).await;
    assert_new_queue_is_doubted(&world, &old).await;
}

#[tokio::test]
async fn a_worker_finds_out_though_those_after_it_have_taken_as_often_as_it_had() {
    let mut world = careless();
    let empty = world.redis.remember();
    let old = world.ledger();
    world.order("A-1", 1).await;
    take_one(&old, LONG).await;
    world.redis.fall_back(&empty);
    world.order("A-2", 1).await;
    take_one(&world.ledger(), LONG).await;
    let later = world.redis.remember();
    world.redis.fall_back(&later);
    reconnect(&old).await;
    world.order("A-1", 1).await;
    let again = take_one(&old, LONG).await;
    assert!(again.epoch.ends_with('!'), "{}", again.epoch);
}

async fn assert_new_queue_is_doubted(world: &World, old: &hp_queue::Ledger) {
    let new = world.ledger();
    world.order("A-2", 1).await;
    let early = take_one(&new, LONG).await;
    assert_eq!(early.record.state, State::Submitting, "a new queue");
    reconnect(old).await;
    world.order("A-1", 1).await;
    let again = take_one(old, LONG).await;
    assert_eq!(again.record.cause, Some(Cause::RedisRestarted));
    assert!(again.epoch.ends_with('!'), "{}", again.epoch);
    assert_eq!(
        settle(&new, &early, refused()).await,
        Settled::Stale,
        "nobody knows any more what was sent"
    );
}

#[tokio::test]
async fn a_claim_of_before_the_queue_was_emptied_changes_nothing_after() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let before = take_one(&ledger, LONG).await;
    world.redis.run::<()>(&["FLUSHALL"]).await;
    world.order("A-1", 1).await;
    let after = take_one(&world.ledger(), LONG).await;
    assert_eq!(before.record.claim, after.record.claim, "given out twice");
    assert_eq!(
        settle(&ledger, &before, Event::Released).await,
        Settled::Stale
    );
    assert!(!ledger.renew(&before, LONG).await.unwrap());
}

#[tokio::test]
async fn a_new_queue_and_a_second_worker_doubt_nothing() {
    let world = World::start();
    let (one, other) = (world.ledger(), world.ledger());
    world.order("A-1", 1).await;
    assert_eq!(take_one(&one, LONG).await.record.state, State::Submitting);
    world.order("A-2", 1).await;
    assert_eq!(take_one(&other, LONG).await.record.state, State::Submitting);
    assert_eq!(epoch(&world).await["since"], "0");
}

#[tokio::test]
async fn a_read_only_redis_loses_nothing_and_is_gone_on_with_when_it_is_promoted() {
    // A cluster makes replicas by other means.
    let world = World::over(Redis::single(), Options::local());
    let worker = world.worker();
    world.order("A-1", 1).await;
    world.result("A-1").await;
    world
        .redis
        .run::<()>(&["REPLICAOF", "127.0.0.1", "1"])
        .await;
    worker.said("read only replica").await;
    world.redis.run::<()>(&["REPLICAOF", "NO", "ONE"]).await;
    world.order("A-2", 1).await;
    let result = world.result("A-2").await;
    assert_eq!(
        (result["status"].as_str(), result["attempts"].as_str()),
        ("completed", "1")
    );
    assert_ne!(
        epoch(&world).await["since"],
        "0",
        "a promotion may lose writes"
    );
}
