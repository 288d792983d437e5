//! Who may settle an order: only the holder of its latest claim. The scripts themselves, without a worker.

use std::time::Duration;

use e2e::World;
use hp_api::{Outcome, Refusal, RefusalKind};
use hp_order::{Backoff, Event, Moment, Policy, State, step};
use hp_queue::{Claimed, Ledger, LookFirst, Settled};

const LONG: Duration = Duration::from_mins(10);
/// A lease that has ended before anybody can use it.
const NONE: Duration = Duration::ZERO;

async fn take_one(ledger: &Ledger, lease: Duration) -> Claimed {
    let mut taken = ledger.take(1, lease, LookFirst::Inbox).await.unwrap();
    assert_eq!((taken.claimed.len(), taken.unreadable.len()), (1, 0));
    taken.claimed.remove(0)
}

fn policy() -> Policy {
    let day = Duration::from_hours(24);
    let backoff = Backoff::new(Duration::from_secs(1), day).unwrap();
    Policy {
        backoff,
        resubmit_after: day,
        give_up_after: day * 2,
    }
}

fn moment(claimed: &Claimed) -> Moment {
    Moment {
        now: claimed.record.accepted_at,
        jitter: 0.0,
    }
}

async fn settle(ledger: &Ledger, claimed: &Claimed, event: Event) -> Settled {
    let step = step(&claimed.record, event, &policy(), moment(claimed));
    ledger.settle(claimed, &step).await.unwrap()
}

fn refused() -> Event {
    let refusal = Refusal {
        kind: RefusalKind::Final,
        code: Some(400_100),
        message: "no".into(),
    };
    Event::Submitted(Outcome::NotCharged(refusal))
}

#[tokio::test]
async fn a_stalled_worker_cannot_settle_after_takeover() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let stalled = take_one(&ledger, NONE).await;
    let heir = take_one(&ledger, LONG).await;
    assert_eq!((stalled.record.claim, heir.record.claim), (1, 2));

    assert_eq!(settle(&ledger, &stalled, refused()).await, Settled::Stale);
    assert!(!ledger.renew(&stalled.record, LONG).await.unwrap());
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
            .take(1, LONG, LookFirst::Schedule)
            .await
            .unwrap()
            .claimed
            .is_empty()
    );
    assert!(ledger.renew(&mine.record, NONE).await.unwrap());
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
        !ledger.renew(&mine.record, LONG).await.unwrap(),
        "an ended order has no lease"
    );
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
    ledger.settle(&mine, &refusal).await.unwrap_err();
    assert_eq!(world.record("A-1").await, before);
    assert_eq!(world.redis.run::<u64>(&["ZCARD", "{hp}:schedule"]).await, 1);
    world.redis.run::<()>(&["DEL", "{hp}:results"]).await;
    assert!(matches!(
        settle(&ledger, &mine, refused()).await,
        Settled::Applied(Some(_))
    ));
}

#[tokio::test]
async fn a_paused_queue_gives_nothing_and_keeps_everything() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let mine = take_one(&ledger, NONE).await;
    world.order("A-2", 1).await;
    assert!(ledger.pause("wrong secret", "a test").await.unwrap());
    assert!(
        !ledger.pause("another reason", "a test").await.unwrap(),
        "the first reason stands"
    );
    let nothing = ledger.take(9, LONG, LookFirst::Inbox).await.unwrap();
    assert_eq!(
        (nothing.claimed.len(), nothing.paused.as_deref()),
        (0, Some("wrong secret"))
    );
    assert!(matches!(
        settle(&ledger, &mine, Event::Released).await,
        Settled::Applied(None)
    ));
    assert!(ledger.resume().await.unwrap());
    assert_eq!(
        ledger
            .take(9, LONG, LookFirst::Inbox)
            .await
            .unwrap()
            .claimed
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
            .take(4, NONE, LookFirst::Inbox)
            .await
            .unwrap()
            .claimed
            .len(),
        4
    );
    for n in 0..4 {
        world.order(&format!("new-{n}"), 1).await;
    }
    let new = ledger.take(1, LONG, LookFirst::Inbox).await.unwrap();
    let old = ledger.take(1, LONG, LookFirst::Schedule).await.unwrap();
    assert_eq!(new.claimed[0].id().as_str(), "new-0");
    assert_eq!(old.claimed[0].id().as_str(), "old-0");
    assert!(new.more && old.more);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_reported_and_the_others_go_on() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    world.order("A-2", 1).await;
    ledger.take(2, NONE, LookFirst::Inbox).await.unwrap();
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
    let taken = ledger.take(5, LONG, LookFirst::Schedule).await.unwrap();
    assert_eq!(
        taken
            .claimed
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
        for first in [LookFirst::Inbox, LookFirst::Schedule] {
            ledger.take(9, LONG, first).await.unwrap_err();
        }
        assert_eq!(world.record("A-1").await, before, "{key}: half a take");
        assert!(world.record("A-2").await.is_empty(), "{key}: half a take");
        world.redis.run::<()>(&["DEL", &key]).await;
        if existed {
            world.redis.run::<()>(&["RENAME", &aside, &key]).await;
        }
        let taken = ledger.take(9, LONG, LookFirst::Inbox).await.unwrap();
        assert_eq!(taken.claimed.len(), 2, "{key}");
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
    ledger.take(9, LONG, LookFirst::Inbox).await.unwrap_err();
    assert_eq!(world.redis.run::<u64>(&["XLEN", "{hp}:jobs"]).await, 2);
    assert_eq!(world.redis.run::<u64>(&["ZCARD", "{hp}:schedule"]).await, 1);
    world.redis.run::<()>(&["DEL", "{hp}:rejected"]).await;
    assert_eq!(
        ledger
            .take(9, LONG, LookFirst::Inbox)
            .await
            .unwrap()
            .claimed
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
    let taken = ledger.take(9, NONE, LookFirst::Inbox).await.unwrap();
    assert_eq!(
        taken
            .claimed
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
    let taken = ledger.take(9, LONG, LookFirst::Schedule).await.unwrap();
    assert_eq!(taken.claimed[0].id().as_str(), "A-3");
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
    ledger.take(9, LONG, LookFirst::Inbox).await.unwrap_err();
    let refusal = step(&mine.record, refused(), &policy(), moment(&mine));
    ledger.settle(&mine, &refusal).await.unwrap_err();
    assert_eq!(world.record("A-1").await, before);
    assert!(world.record("A-2").await.is_empty());
    world
        .redis
        .run::<()>(&["CONFIG", "SET", "maxmemory", "0"])
        .await;
    assert!(matches!(
        ledger.settle(&mine, &refusal).await.unwrap(),
        Settled::Applied(Some(_))
    ));
    assert_eq!(take_one(&ledger, LONG).await.id().as_str(), "A-2");
}
