//! The worker learns HitPoints' answer for an unknown order only while HitPoints returns known orders. A vendor with an
//! outage, which denies every record, causes no second charge.

use e2e::{Entry, Worker, World, assert_fields};
use hp_sandbox::{Duplicate, Options};
use nix::sys::signal::Signal;

/// Every query is answered with a code other than the one for unknown orders.
const OUTAGE: &str = "query:code-400124";
const NOT_LEARNED: &str = "the probe failed";
const RESUBMIT_AFTER: u64 = 2500;

/// A vendor that charges repeated submissions again.
fn careless_vendor() -> Options {
    Options {
        duplicate: Duplicate::Charge,
        ..Options::local()
    }
}

/// Starts a worker that resubmits soon after a definite "not found".
fn fast_worker(world: &World, more: &[(&str, &str)]) -> Worker {
    let fast = [
        ("HP_WORKER__LEASE", "1s"),
        ("HP_API__TIMEOUT", "1s"),
        ("HP_RETRY__RESUBMIT_AFTER", "2500ms"),
    ];
    world.worker_with(&[&fast, more].concat())
}

/// Buys an order with a worker that then exits.
async fn buy_first(world: &World, id: &str) {
    let mut worker = world.worker();
    world.enqueue(id, 1).await;
    world.result(id).await;
    worker.signal(Signal::SIGTERM);
    worker.wait_for_exit().await;
}

/// Waits until the worker has queried an order for longer than "not found" needs to count. Returns its record.
async fn wait_for_long_doubt(world: &World, id: &str) -> Entry {
    let seen = world.redis.wait_until("many queries", || async {
        let record = world.record(id).await;
        let time = |name| record.get(name)?.parse::<u64>().ok();
        let long = time("updated_at")? > time("submitted_at")? + RESUBMIT_AFTER + 1500;
        (long || record["attempts"] != "1").then_some(record)
    });
    seen.await
}

/// Buys an order whose answer is lost. HitPoints denies all records during a long doubt.
async fn buy_during_outage(world: &World, id: &str) {
    world.enqueue(id, 1).await;
    let record = wait_for_long_doubt(world, id).await;
    assert_fields!(record, { "state": "uncertain", "attempts": "1" });
    world.sandbox.clear_faults();
    let result = world.result(id).await;
    assert_fields!(result, { "status": "completed", "source": "query" });
    assert_eq!(world.charge_count(id), 1);
}

#[tokio::test]
async fn denied_records_at_start_block_resubmission() {
    let world = World::with_vendor(careless_vendor());
    buy_first(&world, "A-0").await;
    world.sandbox.set_fault(OUTAGE, 1.0).unwrap();
    let worker = fast_worker(&world, &[]);
    worker.wait_for_log(NOT_LEARNED).await;
    buy_during_outage(&world, "A-1~lost-answer").await;
}

#[tokio::test]
async fn last_charge_is_queried_before_denial_counts() {
    let world = World::with_vendor(careless_vendor());
    let _worker = fast_worker(&world, &[]);
    world.enqueue("A-0", 1).await;
    world.result("A-0").await;
    world.redis.command::<u64>(&["DEL", "{hp}:results"]).await;
    world.sandbox.set_fault(OUTAGE, 1.0).unwrap();
    buy_during_outage(&world, "A-1~lost-answer").await;
}

#[tokio::test]
async fn outage_code_does_not_replace_learned_answer() {
    let world = World::with_vendor(careless_vendor());
    buy_first(&world, "A-0").await;
    // Each reconciliation run repeats the probe.
    let worker = fast_worker(&world, &[("HP_RECONCILE__SCHEDULE", "* * * * * *")]);
    worker.wait_for_log("learned the answer").await;
    world.sandbox.set_fault(OUTAGE, 1.0).unwrap();
    worker.wait_for_log(NOT_LEARNED).await;
    buy_during_outage(&world, "A-1~lost-answer").await;
    world.enqueue("A-2~drop-before", 1).await;
    assert_eq!(world.result("A-2~drop-before").await["attempts"], "2");
    assert_eq!(worker.log().matches("learned the answer").count(), 1);
}

#[tokio::test]
async fn outage_with_not_found_code_is_not_believed() {
    let world = World::with_vendor(careless_vendor());
    buy_first(&world, "A-0").await;
    let worker = fast_worker(&world, &[]);
    worker.wait_for_log("learned the answer").await;
    world.sandbox.set_fault("query:code-400100", 1.0).unwrap();
    buy_during_outage(&world, "A-1~lost-answer").await;
    let log = worker.log();
    assert!(
        log.contains("does not return the record of order A-0"),
        "{log}"
    );
}

#[tokio::test]
async fn deleted_record_blocks_until_next_charge() {
    let world = World::with_vendor(careless_vendor());
    buy_first(&world, "A-0").await;
    let deleted = ["HSET", "{hp}:charged", "order_id", "A-deleted"];
    world.redis.command::<u64>(&deleted).await;
    let worker = fast_worker(&world, &[]);
    worker.wait_for_log("deleted that record").await;
    world.enqueue("A-1~drop-before", 1).await;
    let record = wait_for_long_doubt(&world, "A-1~drop-before").await;
    assert_eq!(record["state"], "uncertain");
    world.enqueue("A-2", 1).await;
    let result = world.result("A-1~drop-before").await;
    assert_eq!(result["attempts"], "2");
}

#[tokio::test]
async fn last_charge_is_known_for_any_result_stream() {
    let world = World::start();
    assert_eq!(
        world
            .inspector()
            .last_charged(&world.account())
            .await
            .unwrap(),
        None
    );
    {
        let _worker = world.worker();
        let own = ["reply_to", "{hp}:results:till-7"];
        let order = [("order_id", "A-0"), ("product_id", "2"), ("quantity", "3")];
        world
            .enqueue_job(&[&order[..], &[(own[0], own[1])]].concat())
            .await;
        world.results_in(own[1], "A-0", 1).await;
    }
    let last = world
        .inspector()
        .last_charged(&world.account())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(last.order_id.as_str(), "A-0");
    assert_eq!((last.product_id.get(), last.quantity.get()), (2, 3));
    let corrupt = ["HSET", "{hp}:charged", "quantity", "three"];
    world.redis.command::<u64>(&corrupt).await;
    assert_eq!(
        world
            .inspector()
            .last_charged(&world.account())
            .await
            .unwrap(),
        None
    );
}
