//! A Redis that is out of memory or holds unexpected data: no order is lost, and other orders continue.

use e2e::{Redis, Worker, World};
use futures_util::future::join_all;
use hp_order::{VendorSignal, step};
use hp_queue::{FirstSource, Settled};
use hp_sandbox::Options;

use crate::claims::{
    ENDED_LEASE, LONG_LEASE, apply_event, claim_one, gave_up, inputs_at_admission, policy,
};

#[tokio::test]
async fn unwritable_result_leaves_order_unchanged() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    let before = world.record("A-1").await;
    world
        .redis
        .command::<()>(&["SET", "{hp}:results", "not a stream"])
        .await;
    let refusal = step(
        &claim.record,
        gave_up(),
        &policy(),
        inputs_at_admission(&claim),
    );
    ledger
        .settle(&claim, &refusal, VendorSignal::Answered)
        .await
        .unwrap_err();
    assert_eq!(world.record("A-1").await, before);
    assert_eq!(
        world
            .redis
            .command::<u64>(&["ZCARD", "{hp}:schedule"])
            .await,
        1
    );
    world.redis.command::<()>(&["DEL", "{hp}:results"]).await;
    assert!(matches!(
        apply_event(&ledger, &claim, gave_up()).await,
        Settled::Applied(Some(_))
    ));
}

#[tokio::test]
async fn replica_refuses_a_whole_group() {
    let world = World::with_redis(Redis::single(), Options::local());
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    world.enqueue("A-2", 1).await;
    let former = claim_one(&ledger, ENDED_LEASE).await;
    let current = claim_one(&ledger, LONG_LEASE).await;
    ledger
        .claim_batch(1, LONG_LEASE, FirstSource::Schedule)
        .await
        .unwrap();
    // Its master does not exist, so it keeps what it has.
    let demote = ["REPLICAOF", "127.0.0.1", "1"];
    world.redis.command::<()>(&demote).await;
    let calls = [&former, &current].map(|claim| {
        let (ledger, inputs) = (&ledger, inputs_at_admission(claim));
        let refusal = step(&claim.record, gave_up(), &policy(), inputs);
        async move { ledger.settle(claim, &refusal, VendorSignal::None).await }
    });
    // Even the former claim gets no answer of its own: only an error of the whole call leads to the new master.
    for settled in join_all(calls).await {
        assert_eq!(settled.unwrap_err().code(), Some("READONLY"));
    }
}

#[tokio::test]
async fn unreadable_record_is_reported_and_skipped() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    world.enqueue("A-2", 1).await;
    ledger
        .claim_batch(2, ENDED_LEASE, FirstSource::Inbox)
        .await
        .unwrap();
    world
        .redis
        .command::<()>(&["HSET", "{hp}:order:A-1", "checks", "many"])
        .await;
    world
        .redis
        .command::<()>(&["ZADD", "{hp}:schedule", "0", "gone"])
        .await;
    world
        .redis
        .command::<()>(&["HSET", "{hp}:order:A-1", "state", "waiting"])
        .await;
    let taken = ledger
        .claim_batch(5, LONG_LEASE, FirstSource::Schedule)
        .await
        .unwrap();
    assert_eq!(
        taken
            .claims
            .iter()
            .map(|claimed| claimed.id().as_str())
            .collect::<Vec<_>>(),
        ["A-2"]
    );
    assert_eq!(taken.unreadable[0].0, "A-1");
    assert!(
        taken.unreadable[0].1.contains("checks"),
        "{}",
        taken.unreadable[0].1
    );
    assert_eq!(
        world
            .redis
            .command::<Option<f64>>(&["ZSCORE", "{hp}:schedule", "gone"])
            .await,
        None
    );
}

#[tokio::test]
async fn wrong_key_type_stops_claim_before_changes() {
    for key in ["jobs", "results", "rejected", "schedule", "open"] {
        let world = World::start();
        let ledger = world.ledger();
        world.enqueue("A-1", 1).await;
        claim_one(&ledger, ENDED_LEASE).await;
        let before = world.record("A-1").await;
        world.enqueue("A-2", 1).await;
        let (key, aside) = (format!("{{hp}}:{key}"), format!("{{hp}}:aside:{key}"));
        let existed = world.redis.command::<u64>(&["EXISTS", &key]).await == 1;
        if existed {
            world.redis.command::<()>(&["RENAME", &key, &aside]).await;
        }
        world
            .redis
            .command::<()>(&["SET", &key, "something else"])
            .await;
        for first in [FirstSource::Inbox, FirstSource::Schedule] {
            ledger.claim_batch(9, LONG_LEASE, first).await.unwrap_err();
        }
        assert_eq!(world.record("A-1").await, before, "{key}: a partial claim");
        assert!(
            world.record("A-2").await.is_empty(),
            "{key}: a partial claim"
        );
        world.redis.command::<()>(&["DEL", &key]).await;
        if existed {
            world.redis.command::<()>(&["RENAME", &aside, &key]).await;
        }
        let taken = ledger
            .claim_batch(9, LONG_LEASE, FirstSource::Inbox)
            .await
            .unwrap();
        assert_eq!(taken.claims.len(), 2, "{key}");
    }
}

#[tokio::test]
async fn failed_dead_letter_loses_no_order() {
    let world = World::start();
    let ledger = world.ledger();
    let last = "18446744073709551615-18446744073709551615";
    world
        .redis
        .command::<String>(&["XADD", "{hp}:rejected", last, "its", "end"])
        .await;
    world.enqueue("A-1", 1).await;
    world.enqueue_job(&[("no", "order")]).await;
    world.enqueue("A-2", 1).await;
    assert_eq!(claim_one(&ledger, LONG_LEASE).await.id().as_str(), "A-1");
    ledger
        .claim_batch(9, LONG_LEASE, FirstSource::Inbox)
        .await
        .unwrap_err();
    assert_eq!(world.redis.command::<u64>(&["XLEN", "{hp}:jobs"]).await, 2);
    assert_eq!(
        world
            .redis
            .command::<u64>(&["ZCARD", "{hp}:schedule"])
            .await,
        1
    );
    world.redis.command::<()>(&["DEL", "{hp}:rejected"]).await;
    assert_eq!(
        ledger
            .claim_batch(9, LONG_LEASE, FirstSource::Inbox)
            .await
            .unwrap()
            .claims
            .len(),
        1
    );
    assert_eq!(world.stream("{hp}:rejected").await.len(), 1);
}

#[tokio::test]
async fn record_of_wrong_type_becomes_dead_letter() {
    let world = World::start();
    let ledger = world.ledger();
    for id in ["A-1", "A-2", "A-3"] {
        world.enqueue(id, 1).await;
    }
    world
        .redis
        .command::<()>(&["SET", "{hp}:order:A-2", "a string"])
        .await;
    let taken = ledger
        .claim_batch(9, ENDED_LEASE, FirstSource::Inbox)
        .await
        .unwrap();
    assert_eq!(
        taken
            .claims
            .iter()
            .map(|claimed| claimed.id().as_str())
            .collect::<Vec<_>>(),
        ["A-1", "A-3"]
    );
    let rejected = world.stream("{hp}:rejected").await.remove(0);
    assert_eq!(rejected["order_id"], "A-2");
    assert!(
        rejected["reason"].contains("WRONGTYPE"),
        "{}",
        rejected["reason"]
    );

    world.redis.command::<()>(&["DEL", "{hp}:order:A-1"]).await;
    world
        .redis
        .command::<()>(&["SET", "{hp}:order:A-1", "a string"])
        .await;
    let taken = ledger
        .claim_batch(9, LONG_LEASE, FirstSource::Schedule)
        .await
        .unwrap();
    assert_eq!(taken.claims[0].id().as_str(), "A-3");
    assert_eq!(taken.unreadable[0].0, "A-1");
}

#[tokio::test]
async fn out_of_memory_redis_loses_nothing() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    world.enqueue("A-2", 1).await;
    let before = world.record("A-1").await;
    world
        .redis
        .command::<()>(&["CONFIG", "SET", "maxmemory", "1"])
        .await;
    ledger
        .claim_batch(9, LONG_LEASE, FirstSource::Inbox)
        .await
        .unwrap_err();
    let refusal = step(
        &claim.record,
        gave_up(),
        &policy(),
        inputs_at_admission(&claim),
    );
    ledger
        .settle(&claim, &refusal, VendorSignal::None)
        .await
        .unwrap_err();
    assert_eq!(world.record("A-1").await, before);
    assert!(world.record("A-2").await.is_empty());
    world
        .redis
        .command::<()>(&["CONFIG", "SET", "maxmemory", "0"])
        .await;
    assert!(matches!(
        ledger
            .settle(&claim, &refusal, VendorSignal::Answered)
            .await
            .unwrap(),
        Settled::Applied(Some(_))
    ));
    assert_eq!(claim_one(&ledger, LONG_LEASE).await.id().as_str(), "A-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_reason_that_is_not_utf8_still_pauses() {
    let world = World::start();
    world.enqueue("A-1", 1).await;
    let pause = "return redis.call('HSET', '{hp}:paused', 'reason', '\\211\\224 low')";
    world.redis.command::<u64>(&["EVAL", pause, "0"]).await;
    let reason = Some("\u{fffd}\u{fffd} low");
    let ledger = world.ledger();
    let batch = ledger.claim_batch(1, LONG_LEASE, FirstSource::Inbox).await;
    assert_eq!(batch.unwrap().paused.as_deref(), reason);
    let permits = world.control().acquire_permits(1).await.unwrap();
    assert_eq!(permits.paused.as_deref(), reason);
    assert_eq!(world.inspector().paused().await.unwrap().as_deref(), reason);
    let status = Worker::output(&["status"], &world.settings(&[]));
    assert_eq!(status.status.code(), Some(1));
}
