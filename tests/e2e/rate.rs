//! The rate of calls holds over all workers together.

use std::time::Duration;

use e2e::World;
use hp_queue::{FirstSource, Rules};

#[tokio::test]
async fn all_workers_together_keep_to_the_rate_and_spread_their_calls() {
    let world = World::start();
    for n in 0..45 {
        world.order(&format!("A-{n}"), 1).await;
    }
    let rate = [("HP_WORKER__RATE", "20")];
    let _workers = [world.worker_with(&rate), world.worker_with(&rate)];
    let mut left = Vec::new();
    for n in 0..45 {
        world.result(&format!("A-{n}")).await;
        let record = world.record(&format!("A-{n}")).await;
        left.push(record["submitted_at"].parse::<u64>().unwrap());
    }
    left.sort_unstable();
    // A tenth of a second's worth, two, may leave together; then one every 50 ms.
    for (first, later) in left.iter().zip(&left[22..]) {
        let passed = later - first;
        assert!(passed >= 999, "23 calls within {passed} ms");
    }
}

#[tokio::test]
async fn after_an_idle_time_no_more_leaves_at_once_than_a_tenth_of_a_second_is_worth() {
    let world = World::start();
    let ledger = world.ledger_with(Rules {
        interval: Some(Duration::from_millis(10)),
        ..e2e::rules()
    });
    for n in 0..50 {
        world.order(&format!("A-{n}"), 1).await;
    }
    let lease = Duration::from_mins(1);
    let first = ledger
        .claim_batch(50, lease, FirstSource::Inbox)
        .await
        .unwrap();
    assert_eq!(first.claims.len(), 10);
    let next = ledger
        .claim_batch(50, lease, FirstSource::Inbox)
        .await
        .unwrap();
    let since = usize::try_from(next.now.0 - first.now.0).unwrap() / 10 + 1;
    assert!(next.claims.len() <= since, "{}", next.claims.len());
}

#[tokio::test]
async fn a_turn_without_a_call_gives_its_share_back() {
    use crate::by_hand::settle;
    use hp_order::Event;

    let world = World::start();
    let ledger = world.ledger_with(Rules {
        interval: Some(Duration::from_hours(1)),
        ..e2e::rules()
    });
    world.order("A-1", 1).await;
    let lease = Duration::from_mins(1);
    let mut taken = ledger
        .claim_batch(1, lease, FirstSource::Inbox)
        .await
        .unwrap();
    let claimed = taken.claims.remove(0);
    let nothing = ledger
        .claim_batch(1, lease, FirstSource::Inbox)
        .await
        .unwrap();
    assert!(nothing.claims.is_empty() && nothing.wait.unwrap() > Duration::from_mins(59));
    settle(&ledger, &claimed, Event::Released).await;
    let mut again = ledger
        .claim_batch(1, lease, FirstSource::Inbox)
        .await
        .unwrap();
    let claimed = again.claims.remove(0);
    // It may have called: its share is used up, and that is remembered for as long as it matters.
    settle(&ledger, &claimed, Event::Panicked).await;
    let kept: u64 = world.redis.run(&["PTTL", "{hp}:rate"]).await;
    assert!(kept > 3_600_000, "{kept}");
    world.order("A-2", 1).await;
    let nothing = ledger
        .claim_batch(1, lease, FirstSource::Inbox)
        .await
        .unwrap();
    assert!(nothing.claims.is_empty() && nothing.wait.unwrap() > Duration::from_mins(59));
}
