//! The rate limit covers the calls of all workers together.

use std::time::Duration;

use e2e::World;
use hp_queue::{FirstSource, Rules};
use nix::sys::signal::Signal;

#[tokio::test]
async fn rate_limit_spans_all_workers() {
    let world = World::start();
    for n in 0..45 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    let rate = [("HP_WORKER__RATE", "20")];
    let _workers = [world.worker_with(&rate), world.worker_with(&rate)];
    let mut submitted = Vec::new();
    for n in 0..45 {
        world.result(&format!("A-{n}")).await;
        let record = world.record(&format!("A-{n}")).await;
        submitted.push(record["submitted_at"].parse::<u64>().unwrap());
    }
    submitted.sort_unstable();
    // A burst of two (a tenth of a second's calls) is allowed, then one call every 50 ms.
    for (first, later) in submitted.iter().zip(&submitted[22..]) {
        let passed = later - first;
        assert!(passed >= 999, "23 calls within {passed} ms");
    }
}

#[tokio::test]
async fn rate_limit_bounds_burst_after_idle_time() {
    let world = World::start();
    let ledger = world.ledger_with(Rules {
        interval: Some(Duration::from_millis(10)),
        ..e2e::rules()
    });
    for n in 0..50 {
        world.enqueue(&format!("A-{n}"), 1).await;
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
async fn unused_permit_is_returned() {
    use crate::claims::apply_event;
    use hp_order::Event;

    let world = World::start();
    let ledger = world.ledger_with(Rules {
        interval: Some(Duration::from_hours(1)),
        ..e2e::rules()
    });
    world.enqueue("A-1", 1).await;
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
    apply_event(&ledger, &claimed, Event::Released).await;
    let mut again = ledger
        .claim_batch(1, lease, FirstSource::Inbox)
        .await
        .unwrap();
    let claimed = again.claims.remove(0);
    // A panicked call may have been sent: its permit stays used.
    apply_event(&ledger, &claimed, Event::Panicked).await;
    let kept: u64 = world.redis.command(&["PTTL", "{hp}:rate"]).await;
    assert!(kept > 3_600_000, "{kept}");
    world.enqueue("A-2", 1).await;
    let nothing = ledger
        .claim_batch(1, lease, FirstSource::Inbox)
        .await
        .unwrap();
    assert!(nothing.claims.is_empty() && nothing.wait.unwrap() > Duration::from_mins(59));
}

#[tokio::test]
async fn drain_waits_for_no_distant_permit() {
    let world = World::start();
    let mut worker = world.worker_with(&[("HP_WORKER__RATE", "0.3"), ("HP_WORKER__DRAIN", "5s")]);
    world.enqueue("A-1~drop-before", 1).await;
    // Before a "not found" counts, the query needs further calls, each three seconds later.
    let is_queried = || async {
        let record: e2e::Entry = world
            .redis
            .command(&["HGETALL", "{hp}:order:A-1~drop-before"])
            .await;
        record
            .get("checks")
            .filter(|checks| *checks != "0")
            .map(drop)
    };
    world.redis.wait_until("the query", is_queried).await;
    worker.signal(Signal::SIGTERM);
    assert!(worker.wait_for_exit().await.success(), "{}", worker.log());
}
