//! A refusal is unsigned and names no order. So one query confirms it before it ends an order.

use std::sync::atomic::{AtomicBool, Ordering};

use e2e::{FrontEnd, Reply, World, assert_fields};
use hp_sandbox::{Duplicate, Options};

/// A front end of HitPoints that once confuses two answers: HitPoints charges the submission, and the client gets the refusal
/// of another request.
async fn confused_front_end(world: &World) -> FrontEnd {
    let is_armed = AtomicBool::new(true);
    FrontEnd::start(world.sandbox.addr(), move |request| {
        if request.starts_with("POST") && is_armed.swap(false, Ordering::SeqCst) {
            Reply::CodeAfter(400_100)
        } else {
            Reply::Vendor
        }
    })
    .await
}

/// A product in dollars.
const IN_DOLLARS: &str = "31";

/// A vendor that refuses orders for product 2, because the account has no balance in its currency.
fn refusing_vendor() -> Options {
    Options {
        balance: vec!["USD=1000".parse().unwrap()],
        ..Options::local()
    }
}

#[tokio::test]
async fn surplus_refusal_does_not_fail_charged_order() {
    let world = World::with_vendor(Options {
        duplicate: Duplicate::Charge,
        ..Options::local()
    });
    let front_end = confused_front_end(&world).await;
    let _worker = world.worker_with(&[("HP_API__BASE_URL", &front_end.url())]);
    world.enqueue("A-1", 1).await;
    let result = world.result("A-1").await;
    assert_fields!(result, { "status": "completed", "source": "query", "attempts": "1" });
    assert_eq!(world.charge_count("A-1"), 1);
}

#[tokio::test]
async fn final_refusal_is_confirmed_by_one_query() {
    let world = World::with_vendor(refusing_vendor());
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    let result = world.result("A-1").await;
    assert_fields!(result, { "status": "failed", "reason": "refused", "source": "query" });
    assert_fields!(result, { "code": "400114", "attempts": "1" });
    assert_fields!(world.record("A-1").await, { "state": "failed", "checks": "1" });
}

#[tokio::test]
async fn refusal_waits_for_a_clear_answer() {
    let world = World::with_vendor(refusing_vendor());
    let _worker = world.worker();
    // With a charged order as the control, the first refusal shows what "not found" looks like.
    let dollars = ["order_id", "A-0", "product_id", IN_DOLLARS, "quantity", "1"];
    let words = [&["XADD", "{hp}:jobs", "*"], &dollars[..]].concat();
    world.redis.command::<String>(&words).await;
    assert_eq!(world.result("A-0").await["status"], "completed");
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    let unclear = ["query:http-500-before", "query:code-400124"];
    for (n, fault) in unclear.into_iter().enumerate() {
        world.sandbox.set_fault(fault, 1.0).unwrap();
        let id = format!("B-{n}");
        world.enqueue(&id, 1).await;
        let queried = || async {
            let record = world.record(&id).await;
            let checks: u32 = record.get("checks")?.parse().ok()?;
            (checks >= 2).then_some(record)
        };
        let record = world.redis.wait_until("two queries", queried).await;
        assert_fields!(record, { "state": "uncertain", "cause": "refused", "code": "400114" });
        world.sandbox.clear_faults();
        let result = world.result(&id).await;
        assert_fields!(result, { "status": "failed", "code": "400114", "source": "query" });
    }
}

#[tokio::test]
async fn refusal_of_only_submission_needs_no_control() {
    let world = World::with_vendor(refusing_vendor());
    // HitPoints has deleted the record of the order that was charged last.
    let charged = ["order_id", "gone", "product_id", "2", "quantity", "1"];
    let words = [&["HSET", "{hp}:charged"], &charged[..]].concat();
    world.redis.command::<u64>(&words).await;
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    let result = world.result("A-1").await;
    assert_fields!(result, { "status": "failed", "reason": "refused", "source": "query" });
}
