//! Who may settle an order: only the holder of its latest claim.

use e2e::World;
use hp_order::{Event, State};
use hp_queue::{FirstSource, Settled};

use crate::by_hand::{LONG, NONE, refused, settle, take_one};

#[tokio::test]
async fn a_stalled_worker_cannot_settle_after_takeover() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let stalled = take_one(&ledger, NONE).await;
    let heir = take_one(&ledger, LONG).await;
    assert_eq!((stalled.record.claim, heir.record.claim), (1, 2));

    assert_eq!(settle(&ledger, &stalled, refused()).await, Settled::Stale);
    assert!(!ledger.renew(&stalled, LONG).await.unwrap());
    assert_eq!(world.record("A-1").await["state"], "uncertain");
    assert_eq!(world.redis.run::<u64>(&["EXISTS", "{hp}:results"]).await, 0);
}

#[tokio::test]
async fn an_order_found_in_submitting_is_in_doubt_and_one_found_waiting_is_submitted() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let first = take_one(&ledger, LONG).await;
    assert_eq!(
        (first.record.state, first.record.attempts),
        (State::Submitting, 1)
    );
    settle(&ledger, &first, Event::Released).await;
    let again = take_one(&ledger, NONE).await;
    assert_eq!(
        (again.record.state, again.record.attempts),
        (State::Submitting, 1)
    );
    let heir = take_one(&ledger, NONE).await;
    assert_eq!(
        (heir.record.state, heir.record.attempts, heir.record.checks),
        (State::Uncertain, 1, 1)
    );
    let next = take_one(&ledger, LONG).await;
    assert_eq!(
        (next.record.state, next.record.checks, next.record.claim),
        (State::Uncertain, 2, 4)
    );
}

#[tokio::test]
async fn a_lease_keeps_an_order_from_others_until_it_ends_and_can_be_renewed() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let mine = take_one(&ledger, LONG).await;
    assert!(
        ledger
            .claim_batch(1, LONG, FirstSource::Schedule)
            .await
            .unwrap()
            .claims
            .is_empty()
    );
    assert!(ledger.renew(&mine, NONE).await.unwrap());
    assert_eq!(take_one(&ledger, LONG).await.record.claim, 2);
}

#[tokio::test]
async fn a_settling_whose_answer_was_lost_may_be_repeated_and_publishes_once() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let mine = take_one(&ledger, LONG).await;
    let first = settle(&ledger, &mine, refused()).await;
    assert!(matches!(&first, Settled::Applied(Some(_))));
    assert_eq!(settle(&ledger, &mine, refused()).await, first);
    assert_eq!(world.stream("{hp}:results").await.len(), 1);
    assert!(
        !ledger.renew(&mine, LONG).await.unwrap(),
        "an ended order has no lease"
    );
}

#[tokio::test]
async fn an_order_that_was_put_back_has_no_lease_and_is_put_back_once() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let mine = take_one(&ledger, LONG).await;
    settle(&ledger, &mine, Event::BalanceHeld(LONG)).await;
    let due = || async {
        world
            .redis
            .run::<String>(&["ZSCORE", "{hp}:schedule", "A-1"])
            .await
    };
    let back = due().await;
    assert!(!ledger.renew(&mine, LONG).await.unwrap());
    settle(&ledger, &mine, Event::BalanceHeld(NONE)).await;
    assert_eq!(due().await, back);
}

#[tokio::test]
async fn a_repeated_settling_publishes_once_even_if_the_result_is_gone_and_wanted_again() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let mine = take_one(&ledger, LONG).await;
    let Settled::Applied(Some(entry)) = settle(&ledger, &mine, refused()).await else {
        panic!("not settled")
    };
    world
        .redis
        .run::<u64>(&["XDEL", "{hp}:results", &entry])
        .await;
    // A repetition that is taken from the inbox makes it come due again, and nobody has claimed it yet.
    world
        .redis
        .run::<()>(&["ZADD", "{hp}:schedule", "0", "A-1"])
        .await;
    assert_eq!(
        settle(&ledger, &mine, refused()).await,
        Settled::Applied(Some(entry.clone()))
    );
    assert_eq!(world.record("A-1").await["result"], entry);
    assert!(
        world.stream("{hp}:results").await.is_empty(),
        "a second first result"
    );
}

#[tokio::test]
async fn an_outcome_counts_even_if_the_order_fell_out_of_the_schedule() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let mine = take_one(&ledger, LONG).await;
    world.redis.run::<u64>(&["DEL", "{hp}:schedule"]).await;
    assert!(matches!(
        settle(&ledger, &mine, refused()).await,
        Settled::Applied(Some(_))
    ));
    assert_eq!(world.stream("{hp}:results").await.len(), 1);
}

#[tokio::test]
async fn a_paused_queue_gives_nothing_and_keeps_everything() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let mine = take_one(&ledger, NONE).await;
    world.order("A-2", 1).await;
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
        .claim_batch(9, LONG, FirstSource::Inbox)
        .await
        .unwrap();
    assert_eq!(
        (nothing.claims.len(), nothing.paused.as_deref()),
        (0, Some("wrong secret"))
    );
    assert!(matches!(
        settle(&ledger, &mine, Event::Released).await,
        Settled::Applied(None)
    ));
    assert!(world.control().resume().await.unwrap());
    assert_eq!(
        ledger
            .claim_batch(9, LONG, FirstSource::Inbox)
            .await
            .unwrap()
            .claims
            .len(),
        2
    );
}

#[tokio::test]
async fn neither_new_orders_nor_old_ones_starve_when_there_is_one_slot() {
    let world = World::start();
    let ledger = world.ledger();
    for n in 0..4 {
        world.order(&format!("old-{n}"), 1).await;
    }
    assert_eq!(
        ledger
            .claim_batch(4, NONE, FirstSource::Inbox)
            .await
            .unwrap()
            .claims
            .len(),
        4
    );
    for n in 0..4 {
        world.order(&format!("new-{n}"), 1).await;
    }
    let new = ledger
        .claim_batch(1, LONG, FirstSource::Inbox)
        .await
        .unwrap();
    let old = ledger
        .claim_batch(1, LONG, FirstSource::Schedule)
        .await
        .unwrap();
    assert_eq!(new.claims[0].id().as_str(), "new-0");
    assert_eq!(old.claims[0].id().as_str(), "old-0");
    assert!(new.more && old.more);
}
