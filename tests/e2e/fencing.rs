//! Only the worker with the latest claim may settle an order.

use e2e::World;
use hp_order::{Event, State};
use hp_queue::{FirstSource, Settled};

use crate::claims::{ENDED_LEASE, LONG_LEASE, apply_event, claim_one, gave_up};

#[tokio::test]
async fn stalled_worker_cannot_settle_after_takeover() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let stalled = claim_one(&ledger, ENDED_LEASE).await;
    let successor = claim_one(&ledger, LONG_LEASE).await;
    assert_eq!((stalled.record.claim, successor.record.claim), (1, 2));

    assert_eq!(
        apply_event(&ledger, &stalled, gave_up()).await,
        Settled::Stale
    );
    assert!(!ledger.renew(&stalled, LONG_LEASE).await.unwrap());
    assert_eq!(world.record("A-1").await["state"], "uncertain");
    assert_eq!(
        world
            .redis
            .command::<u64>(&["EXISTS", "{hp}:results"])
            .await,
        0
    );
}

#[tokio::test]
async fn takeover_doubts_submitting_and_submits_queued() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let first = claim_one(&ledger, LONG_LEASE).await;
    assert_eq!(
        (first.record.state, first.record.attempts),
        (State::Submitting, 1)
    );
    apply_event(&ledger, &first, Event::Released).await;
    let again = claim_one(&ledger, ENDED_LEASE).await;
    assert_eq!(
        (again.record.state, again.record.attempts),
        (State::Submitting, 1)
    );
    let successor = claim_one(&ledger, ENDED_LEASE).await;
    assert_eq!(
        (
            successor.record.state,
            successor.record.attempts,
            successor.record.checks
        ),
        (State::Uncertain, 1, 1)
    );
    let next = claim_one(&ledger, LONG_LEASE).await;
    assert_eq!(
        (next.record.state, next.record.checks, next.record.claim),
        (State::Uncertain, 2, 4)
    );
}

#[tokio::test]
async fn lease_excludes_others_until_it_ends() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    assert!(
        ledger
            .claim_batch(1, LONG_LEASE, FirstSource::Schedule)
            .await
            .unwrap()
            .claims
            .is_empty()
    );
    assert!(ledger.renew(&claim, ENDED_LEASE).await.unwrap());
    assert_eq!(claim_one(&ledger, LONG_LEASE).await.record.claim, 2);
}

#[tokio::test]
async fn settle_can_be_repeated_and_publishes_once() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    let first = apply_event(&ledger, &claim, gave_up()).await;
    assert!(matches!(&first, Settled::Applied(Some(_))));
    assert_eq!(apply_event(&ledger, &claim, gave_up()).await, first);
    assert_eq!(world.stream("{hp}:results").await.len(), 1);
    assert!(
        !ledger.renew(&claim, LONG_LEASE).await.unwrap(),
        "an ended order has no lease"
    );
}

#[tokio::test]
async fn released_order_has_no_lease() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    apply_event(&ledger, &claim, Event::BalanceHeld(LONG_LEASE)).await;
    let due = || async {
        world
            .redis
            .command::<String>(&["ZSCORE", "{hp}:schedule", "A-1"])
            .await
    };
    let back = due().await;
    assert!(!ledger.renew(&claim, LONG_LEASE).await.unwrap());
    apply_event(&ledger, &claim, Event::BalanceHeld(ENDED_LEASE)).await;
    assert_eq!(due().await, back);
}

#[tokio::test]
async fn repeated_settle_publishes_no_second_first_result() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    let Settled::Applied(Some(entry)) = apply_event(&ledger, &claim, gave_up()).await else {
        panic!("not settled")
    };
    world
        .redis
        .command::<u64>(&["XDEL", "{hp}:results", &entry])
        .await;
    // A repeated job makes the order due again. No worker has claimed it yet.
    world
        .redis
        .command::<()>(&["ZADD", "{hp}:schedule", "0", "A-1"])
        .await;
    assert_eq!(
        apply_event(&ledger, &claim, gave_up()).await,
        Settled::Applied(Some(entry.clone()))
    );
    assert_eq!(world.record("A-1").await["result"], entry);
    assert!(
        world.stream("{hp}:results").await.is_empty(),
        "a second first result"
    );
}

#[tokio::test]
async fn settle_works_without_schedule_entry() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    world.redis.command::<u64>(&["DEL", "{hp}:schedule"]).await;
    assert!(matches!(
        apply_event(&ledger, &claim, gave_up()).await,
        Settled::Applied(Some(_))
    ));
    assert_eq!(world.stream("{hp}:results").await.len(), 1);
}

#[tokio::test]
async fn paused_queue_gives_nothing_and_keeps_orders() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, ENDED_LEASE).await;
    world.enqueue("A-2", 1).await;
    assert!(
        world
            .control()
            .pause("wrong secret", "a test")
            .await
            .unwrap()
    );
    assert!(
        !world
            .control()
            .pause("another reason", "a test")
            .await
            .unwrap(),
        "the first reason stands"
    );
    let nothing = ledger
        .claim_batch(9, LONG_LEASE, FirstSource::Inbox)
        .await
        .unwrap();
    assert_eq!(
        (nothing.claims.len(), nothing.paused.as_deref()),
        (0, Some("wrong secret"))
    );
    assert!(matches!(
        apply_event(&ledger, &claim, Event::Released).await,
        Settled::Applied(None)
    ));
    assert!(world.control().resume("Ada").await.unwrap());
    assert_eq!(
        ledger
            .claim_batch(9, LONG_LEASE, FirstSource::Inbox)
            .await
            .unwrap()
            .claims
            .len(),
        2
    );
}

#[tokio::test]
async fn single_slot_starves_neither_inbox_nor_schedule() {
    let world = World::start();
    let ledger = world.ledger();
    for n in 0..4 {
        world.enqueue(&format!("old-{n}"), 1).await;
    }
    assert_eq!(
        ledger
            .claim_batch(4, ENDED_LEASE, FirstSource::Inbox)
            .await
            .unwrap()
            .claims
            .len(),
        4
    );
    for n in 0..4 {
        world.enqueue(&format!("new-{n}"), 1).await;
    }
    let new = ledger
        .claim_batch(1, LONG_LEASE, FirstSource::Inbox)
        .await
        .unwrap();
    let old = ledger
        .claim_batch(1, LONG_LEASE, FirstSource::Schedule)
        .await
        .unwrap();
    assert_eq!(new.claims[0].id().as_str(), "new-0");
    assert_eq!(old.claims[0].id().as_str(), "old-0");
    assert!(new.more && old.more);
}
