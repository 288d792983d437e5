//! Outcomes that are lost, late, wrong or forged: the worker queries them, never guesses and never charges twice.

use e2e::{Entry, World, assert_fields};
use hp_sandbox::{Duplicate, Options};

/// Buys one order for each fault, which its first call meets. Asserts the source of the results and their attempts.
async fn assert_bought(world: &World, faults: &[&str], source: &str, attempts: u32) {
    for result in buy(world, faults).await {
        assert_fields!(result, { "source": source, "attempts": attempts });
    }
}

/// Buys one order for each fault, all at the same time.
async fn buy(world: &World, faults: &[&str]) -> Vec<Entry> {
    let ids: Vec<_> = faults.iter().map(|fault| format!("A-1~{fault}")).collect();
    for id in &ids {
        world.enqueue(id, 2).await;
    }
    let results = world.results_of_all(&ids).await;
    for (id, result) in ids.iter().zip(&results) {
        assert_fields!(result, { "status": "completed", "pin_count": 2 });
        assert_eq!(world.charge_count(id), 1, "{id}");
    }
    results
}

#[tokio::test]
async fn query_finds_charge_after_unclear_answer() {
    let world = World::start();
    let _worker = world.worker();
    let charged = [
        "lost-answer",
        "timeout-after",
        "http-500-after",
        "truncated",
        "bad-signature",
        "unsigned",
        "stale-date",
        "short",
        "wrong-product",
        "late-record",
    ];
    assert_bought(&world, &charged, "query", 1).await;
}

#[tokio::test]
async fn order_is_resubmitted_after_definite_not_found() {
    let world = World::start();
    let _worker = world.worker();
    let uncharged = ["drop-before", "timeout-before", "http-500-before", "fail-0"];
    assert_bought(&world, &uncharged, "fetch", 2).await;
}

#[tokio::test]
async fn order_is_charged_once_by_careless_vendor() {
    let world = World::with_vendor(Options {
        duplicate: Duplicate::Charge,
        ..Options::local()
    });
    let _workers = [world.worker(), world.worker()];
    let faults = [
        "lost-answer",
        "timeout-after",
        "http-500-before",
        "truncated",
        "drop-before",
        "late-record",
    ];
    buy(&world, &faults).await;
}

#[tokio::test]
async fn empty_success_counts_as_not_found() {
    let world = World::with_vendor(Options {
        not_found: "empty".parse().unwrap(),
        ..Options::local()
    });
    let _worker = world.worker();
    assert_bought(&world, &["drop-before"], "fetch", 2).await;
    assert_bought(&world, &["lost-answer"], "query", 1).await;
}

#[tokio::test]
async fn doubt_ends_in_review_when_time_is_up() {
    let world = World::start();
    let settings = [
        ("HP_WORKER__LEASE", "1s"),
        ("HP_API__TIMEOUT", "1s"),
        ("HP_RETRY__RESUBMIT_AFTER", "2500ms"),
        ("HP_RETRY__GIVE_UP_AFTER", "3s"),
    ];
    let _worker = world.worker_with(&settings);
    world
        .sandbox
        .set_fault("query:http-500-before", 1.0)
        .unwrap();
    world.enqueue("A-1~lost-answer", 1).await;
    let record = world.wait_for_state("A-1~lost-answer", "review").await;
    assert_eq!(record["cause"], "lost");
    assert_eq!(world.redis.command::<u64>(&["ZCARD", "{hp}:open"]).await, 1);
    let due: String = world
        .redis
        .command(&["ZSCORE", "{hp}:schedule", "A-1~lost-answer"])
        .await;
    assert_eq!(due, "inf", "only an operator continues it");
    assert_eq!(
        world.redis.command::<u64>(&["XLEN", "{hp}:results"]).await,
        0
    );
}

#[tokio::test]
async fn low_balance_order_continues_after_top_up() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1~low-balance", 1).await;
    let record = world.wait_for_state("A-1~low-balance", "waiting").await;
    assert_eq!(record["code"], "400113");
    world.sandbox.set_balance("CNY", 1000.into()).unwrap();
    let result = world.result("A-1~low-balance").await;
    assert_eq!(result["status"], "completed");
    assert!(result["attempts"].parse::<u32>().unwrap() > 1);
    assert_eq!(world.charge_count("A-1~low-balance"), 1);
}

#[tokio::test]
async fn final_refusal_ends_order_with_vendor_code() {
    let world = World::with_vendor(Options {
        balance: vec!["USD=1000".parse().unwrap()],
        ..Options::local()
    });
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    let result = world.result("A-1").await;
    assert_fields!(result, { "status": "failed", "reason": "refused", "source": "query" });
    assert_fields!(result, { "code": "400114", "attempts": "1" });
    assert!(!result["message"].is_empty());
    assert_eq!(world.charge_count("A-1"), 0);
}

#[tokio::test]
async fn mixed_faults_charge_each_order_once() {
    let faults = [
        "lost-answer=0.1",
        "drop-before=0.05",
        "http-500-before=0.05",
        "http-500-after=0.05",
    ];
    let more = [
        "truncated=0.05",
        "bad-signature=0.05",
        "unsigned=0.05",
        "short=0.05",
        "fail-0=0.05",
    ];
    let fault = faults
        .iter()
        .chain(&more)
        .map(|fault| fault.parse().unwrap())
        .collect();
    let world = World::with_vendor(Options {
        fault,
        duplicate: Duplicate::Charge,
        ..Options::local()
    });
    let _workers = [world.worker(), world.worker()];
    let ids: Vec<_> = (0..100).map(|n| format!("A-{n}")).collect();
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    for result in world.results_of_all(&ids).await {
        assert_eq!(result["status"], "completed");
    }
    let charges = world.sandbox.ledger().charges;
    assert_eq!(
        (
            charges.len(),
            charges.iter().map(|charge| charge.times).max()
        ),
        (100, Some(1))
    );
}
