//! Alerts about the orders of a queue.

use std::time::Duration;

use e2e::World;
use hp_sandbox::Options;

use super::{run, watch, worker};
use crate::{names::admin_address, prometheus::Prometheus};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus"]
async fn healthy_queue_makes_no_alert_pending() {
    let world = World::start();
    let workers = [worker(&world, &[]), worker(&world, &[])];
    let addresses = [
        admin_address(&workers[0]).await,
        admin_address(&workers[1]).await,
    ];
    // The rules as they are: shortened ones fire for what is normal.
    let prometheus = Prometheus::start_with(&addresses, str::to_owned).await;
    for n in 0..20 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    prometheus.fires("OrdersEnded").await;
    assert_eq!(prometheus.active().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus"]
async fn pause_and_bad_entries_fire_until_handled() {
    let world = World::start();
    let worker = worker(&world, &[]);
    let prometheus = watch(&[&worker]).await;

    run(&world, &["pause", "--why", "stocktaking"]);
    prometheus.fires("HpQueuePaused").await;
    // No worker takes the entry, and somebody trims the inbox.
    world.enqueue("A-1", 1).await;
    let trim = ["XTRIM", "{hp}:jobs", "MAXLEN", "0"];
    world.redis.command::<u64>(&trim).await;
    run(&world, &["resume"]);
    prometheus.resolves("HpQueuePaused").await;
    world.enqueue("A-2", 1).await;
    prometheus.fires("HpLostEntries").await;

    world.enqueue_job(&[("product_id", "2")]).await;
    prometheus.fires("HpDeadLetters").await;
    run(&world, &["rejected", "discard", "--all", "--yes"]);
    prometheus.resolves("HpDeadLetters").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus"]
async fn reviews_and_results_fire() {
    let world = World::start();
    let worker = worker(&world, &[]);
    let prometheus = watch(&[&worker]).await;
    world.enqueue("A-1", 20).await;
    prometheus.fires("HpResultStreamsLarge").await;
    let ids: Vec<_> = (0..21).map(|n| format!("A-{n}~wrong-record")).collect();
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    prometheus.fires("HpManyOrdersInReview").await;
    prometheus.fires("HpOrdersInReview").await;
    let closed = ["--as", "closed", "--why", "ticket 42"];
    run(&world, &[&["resolve", &ids[0]], &closed[..]].concat());
    prometheus.resolves("HpManyOrdersInReview").await;
    for id in &ids[1..] {
        run(&world, &[&["resolve", id], &closed[..]].concat());
    }
    prometheus.resolves("HpOrdersInReview").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus"]
async fn orders_that_wait_for_a_slot_fire() {
    let world = World::with_vendor(Options {
        latency: "6s".parse().unwrap(),
        hold: Duration::from_mins(10),
        ..Options::local()
    });
    let worker = worker(
        &world,
        &[
            ("HP_WORKER__CONCURRENCY", "1"),
            ("HP_API__TIMEOUT", "9m"),
            ("HP_RETRY__RESUBMIT_AFTER", "10m"),
        ],
    );
    let prometheus = watch(&[&worker]).await;
    // The first order is soon due again. The second one keeps the only slot, and the third one stays in the inbox.
    world.enqueue("A-1~fail-0", 1).await;
    world.wait_for_state("A-1~fail-0", "uncertain").await;
    prometheus.fires("HpHttpSlow").await;
    world.enqueue("A-2~timeout-before", 1).await;
    world
        .wait_for_state("A-2~timeout-before", "submitting")
        .await;
    world.enqueue("A-3", 1).await;
    prometheus.fires("HpInboxOld").await;
    prometheus.fires("HpScheduleLag").await;
    prometheus.fires("HpOldestOrderOld").await;
}
