//! A Redis that is full, or holds what nobody expects: nothing is lost, and the rest goes on.

use e2e::World;
use hp_order::{VendorSignal, step};
use hp_queue::{FirstSource, Settled};

use crate::by_hand::{LONG, NONE, moment, policy, refused, settle, take_one};

#[tokio::test]
async fn a_result_that_cannot_be_written_leaves_the_order_as_it_was() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let mine = take_one(&ledger, LONG).await;
    let before = world.record("A-1").await;
    world
        .redis
        .run::<()>(&["SET", "{hp}:results", "not a stream"])
        .await;
    let refusal = step(&mine.record, refused(), &policy(), moment(&mine));
    ledger
        .settle(&mine, &refusal, VendorSignal::Answered)
        .await
        .unwrap_err();
    assert_eq!(world.record("A-1").await, before);
    assert_eq!(world.redis.run::<u64>(&["ZCARD", "{hp}:schedule"]).await, 1);
    world.redis.run::<()>(&["DEL", "{hp}:results"]).await;
    assert!(matches!(
        settle(&ledger, &mine, refused()).await,
        Settled::Applied(Some(_))
    ));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_reported_and_the_others_go_on() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    world.order("A-2", 1).await;
    ledger
        .claim_batch(2, NONE, FirstSource::Inbox)
        .await
        .unwrap();
    world
        .redis
        .run::<()>(&["HSET", "{hp}:order:A-1", "checks", "many"])
        .await;
    world
        .redis
        .run::<()>(&["ZADD", "{hp}:schedule", "0", "gone"])
        .await;
    world
        .redis
        .run::<()>(&["HSET", "{hp}:order:A-1", "state", "waiting"])
        .await;
    let taken = ledger
        .claim_batch(5, LONG, FirstSource::Schedule)
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
            .run::<Option<f64>>(&["ZSCORE", "{hp}:schedule", "gone"])
            .await,
        None
    );
}

#[tokio::test]
async fn a_key_that_is_something_else_stops_the_take_before_it_has_changed_anything() {
    for key in ["jobs", "results", "rejected", "schedule", "open"] {
        let world = World::start();
        let ledger = world.ledger();
        world.order("A-1", 1).await;
        take_one(&ledger, NONE).await;
        let before = world.record("A-1").await;
        world.order("A-2", 1).await;
        let (key, aside) = (format!("{{hp}}:{key}"), format!("{{hp}}:aside:{key}"));
        let existed = world.redis.run::<u64>(&["EXISTS", &key]).await == 1;
        if existed {
            world.redis.run::<()>(&["RENAME", &key, &aside]).await;
        }
        world
            .redis
            .run::<()>(&["SET", &key, "something else"])
            .await;
        for first in [FirstSource::Inbox, FirstSource::Schedule] {
            ledger.claim_batch(9, LONG, first).await.unwrap_err();
        }
        assert_eq!(world.record("A-1").await, before, "{key}: half a take");
        assert!(world.record("A-2").await.is_empty(), "{key}: half a take");
        world.redis.run::<()>(&["DEL", &key]).await;
        if existed {
            world.redis.run::<()>(&["RENAME", &aside, &key]).await;
        }
        let taken = ledger
            .claim_batch(9, LONG, FirstSource::Inbox)
            .await
            .unwrap();
        assert_eq!(taken.claims.len(), 2, "{key}");
    }
}

#[tokio::test]
async fn an_entry_that_cannot_even_be_set_aside_loses_no_order_before_or_after_it() {
    let world = World::start();
    let ledger = world.ledger();
    let last = "18446744073709551615-18446744073709551615";
    world
        .redis
        .run::<String>(&["XADD", "{hp}:rejected", last, "its", "end"])
        .await;
    world.order("A-1", 1).await;
    world.put(&[("no", "order")]).await;
    world.order("A-2", 1).await;
    assert_eq!(take_one(&ledger, LONG).await.id().as_str(), "A-1");
    ledger
        .claim_batch(9, LONG, FirstSource::Inbox)
        .await
        .unwrap_err();
    assert_eq!(world.redis.run::<u64>(&["XLEN", "{hp}:jobs"]).await, 2);
    assert_eq!(world.redis.run::<u64>(&["ZCARD", "{hp}:schedule"]).await, 1);
    world.redis.run::<()>(&["DEL", "{hp}:rejected"]).await;
    assert_eq!(
        ledger
            .claim_batch(9, LONG, FirstSource::Inbox)
            .await
            .unwrap()
            .claims
            .len(),
        1
    );
    assert_eq!(world.stream("{hp}:rejected").await.len(), 1);
}

#[tokio::test]
async fn an_order_whose_record_is_something_else_is_set_aside_and_the_others_are_taken() {
    let world = World::start();
    let ledger = world.ledger();
    for id in ["A-1", "A-2", "A-3"] {
        world.order(id, 1).await;
    }
    world
        .redis
        .run::<()>(&["SET", "{hp}:order:A-2", "a string"])
        .await;
    let taken = ledger
        .claim_batch(9, NONE, FirstSource::Inbox)
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

    world.redis.run::<()>(&["DEL", "{hp}:order:A-1"]).await;
    world
        .redis
        .run::<()>(&["SET", "{hp}:order:A-1", "a string"])
        .await;
    let taken = ledger
        .claim_batch(9, LONG, FirstSource::Schedule)
        .await
        .unwrap();
    assert_eq!(taken.claims[0].id().as_str(), "A-3");
    assert_eq!(taken.unreadable[0].0, "A-1");
}

#[tokio::test]
async fn nothing_is_lost_when_redis_is_out_of_memory() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let mine = take_one(&ledger, LONG).await;
    world.order("A-2", 1).await;
    let before = world.record("A-1").await;
    world
        .redis
        .run::<()>(&["CONFIG", "SET", "maxmemory", "1"])
        .await;
    ledger
        .claim_batch(9, LONG, FirstSource::Inbox)
        .await
        .unwrap_err();
    let refusal = step(&mine.record, refused(), &policy(), moment(&mine));
    ledger
        .settle(&mine, &refusal, VendorSignal::None)
        .await
        .unwrap_err();
    assert_eq!(world.record("A-1").await, before);
    assert!(world.record("A-2").await.is_empty());
    world
        .redis
        .run::<()>(&["CONFIG", "SET", "maxmemory", "0"])
        .await;
    assert!(matches!(
        ledger
            .settle(&mine, &refusal, VendorSignal::Answered)
            .await
            .unwrap(),
        Settled::Applied(Some(_))
    ));
    assert_eq!(take_one(&ledger, LONG).await.id().as_str(), "A-2");
}
