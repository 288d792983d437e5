//! One script copies a limited number of bytes, however large results and entries are.

use e2e::{Entry, World};
use hp_queue::FirstSource;

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one, gave_up},
    job_validation::job,
    repeated_orders::take_inbox,
};

/// A result of this size is one of about 10,000 cards.
const LARGE: usize = 1_500_000;

/// Ends an order, and puts a large result in the place of its own.
async fn large_result(world: &World) -> String {
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, gave_up()).await;
    let pins = "x".repeat(LARGE);
    let words = [
        "XADD",
        "{hp}:results",
        "*",
        "order_id",
        "A-1",
        "status",
        "failed",
        "pins",
        &pins,
    ];
    let entry: String = world.redis.command(&words).await;
    let words = ["HSET", "{hp}:order:A-1", "result", &entry];
    world.redis.command::<u64>(&words).await;
    entry
}

#[tokio::test]
async fn replays_of_one_script_are_bounded_by_bytes() {
    let world = World::start();
    let ledger = world.ledger();
    let first = large_result(&world).await;
    for _ in 0..16 {
        world.enqueue("A-1", 1).await;
    }
    let batch = ledger
        .claim_batch(64, LONG_LEASE, FirstSource::Inbox)
        .await
        .unwrap();
    assert!(batch.more, "the rest is not forgotten");
    let left: u64 = world.redis.command(&["XLEN", "{hp}:jobs"]).await;
    assert_eq!(left, 15, "one copy is more than one script may copy");
    let _worker = world.worker();
    let all_there = || async {
        let len: u64 = world.redis.command(&["XLEN", "{hp}:results"]).await;
        (len == 2 + 16).then_some(())
    };
    world.redis.wait_until("all copies", all_there).await;
    let results = world.stream("{hp}:results").await;
    let is_copy = |copy: &Entry| copy["replay_of"] == first && copy["pins"].len() == LARGE;
    assert!(results[2..].iter().all(is_copy));
}

/// How many scripts Redis has run.
async fn script_calls(world: &World) -> u64 {
    let stats: String = world.redis.command(&["INFO", "commandstats"]).await;
    let calls = stats
        .lines()
        .filter_map(|line| line.strip_prefix("cmdstat_eval"))
        .filter_map(|line| {
            line.split_once("calls=")?
                .1
                .split(',')
                .next()?
                .parse::<u64>()
                .ok()
        });
    calls.sum()
}

#[tokio::test]
async fn rebuilt_replays_are_bounded_by_bytes() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, gave_up()).await;
    let first = world.result("A-1").await["entry"].clone();
    world
        .redis
        .command::<u64>(&["XDEL", "{hp}:results", &first])
        .await;
    let meta = "m".repeat(4096);
    for _ in 0..400 {
        world.enqueue_job(&job(&[("meta", &meta)])).await;
    }
    take_inbox(&ledger).await;
    let batch = ledger
        .claim_batch(1, LONG_LEASE, FirstSource::Schedule)
        .await
        .unwrap();
    let before = script_calls(&world).await;
    apply_event(&ledger, &batch.claims[0], hp_order::Event::ReplayRequested).await;
    assert_eq!(
        script_calls(&world).await - before,
        2,
        "1.8 MB in two scripts"
    );
    let copies = world.results("A-1", 400).await;
    assert!(
        copies
            .iter()
            .all(|copy| copy["meta"].len() == 4096 && copy["replay_of"] == first)
    );
    assert_eq!(copies.len(), 400);
    let words = ["EXISTS", "{hp}:replays:A-1", "{hp}:schedule"];
    assert_eq!(world.redis.command::<u64>(&words).await, 0);
}

#[tokio::test]
async fn entries_of_one_script_are_bounded_by_bytes() {
    let world = World::start();
    let ledger = world.ledger();
    let note = "n".repeat(400_000);
    for n in 0..9 {
        let id = format!("A-{n}");
        world
            .enqueue_job(&job(&[("order_id", &id), ("note", &note)]))
            .await;
    }
    let batch = ledger
        .claim_batch(64, LONG_LEASE, FirstSource::Inbox)
        .await
        .unwrap();
    assert_eq!((batch.claims.len(), batch.more), (3, true));
}
