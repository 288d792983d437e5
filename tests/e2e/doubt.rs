//! Outcomes that are lost, late, wrong or forged: asked about, never guessed, never charged twice.

use e2e::World;
use hp_sandbox::{Duplicate, Options};

/// Buys one order that meets a fault on its first visit, and says how its result came about.
async fn bought(world: &World, fault: &str) -> (String, String) {
    let id = format!("A-1~{fault}");
    world.order(&id, 2).await;
    let result = world.result(&id).await;
    assert_eq!(
        (result["status"].as_str(), result["pin_count"].as_str()),
        ("completed", "2"),
        "{fault}"
    );
    assert_eq!(world.charged(&id), 1, "{fault}");
    (result["source"].clone(), result["attempts"].clone())
}

#[tokio::test]
async fn a_charge_whose_answer_proves_nothing_is_found_by_a_query() {
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
    for fault in charged {
        assert_eq!(
            bought(&world, fault).await,
            ("query".into(), "1".into()),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn what_was_not_charged_is_submitted_again_after_hitpoints_denied_any_knowledge_of_it() {
    let world = World::start();
    let _worker = world.worker();
    for fault in ["drop-before", "timeout-before", "http-500-before", "fail-0"] {
        assert_eq!(
            bought(&world, fault).await,
            ("fetch".into(), "2".into()),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn a_vendor_that_charges_every_repetition_charges_once() {
    let world = World::with(Options {
        duplicate: Duplicate::Charge,
        ..Options::local()
    });
    let _workers = [world.worker(), world.worker()];
    for fault in [
        "lost-answer",
        "timeout-after",
        "http-500-before",
        "truncated",
        "drop-before",
        "late-record",
    ] {
        bought(&world, fault).await;
    }
}

#[tokio::test]
async fn an_unknown_order_that_is_answered_with_success_and_no_data_is_understood_too() {
    let world = World::with(Options {
        not_found: "empty".parse().unwrap(),
        ..Options::local()
    });
    let _worker = world.worker();
    assert_eq!(
        bought(&world, "drop-before").await,
        ("fetch".into(), "2".into())
    );
    assert_eq!(
        bought(&world, "lost-answer").await,
        ("query".into(), "1".into())
    );
}

#[tokio::test]
async fn an_order_that_is_still_in_doubt_when_it_is_given_up_goes_to_review() {
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
    world.order("A-1~lost-answer", 1).await;
    let record = world.in_state("A-1~lost-answer", "review").await;
    assert_eq!(record["cause"], "lost");
    assert_eq!(world.redis.run::<u64>(&["ZCARD", "{hp}:open"]).await, 1);
    let due: String = world
        .redis
        .run(&["ZSCORE", "{hp}:schedule", "A-1~lost-answer"])
        .await;
    assert_eq!(due, "inf", "nobody but a person is to look at it");
    assert_eq!(world.redis.run::<u64>(&["XLEN", "{hp}:results"]).await, 0);
}

#[tokio::test]
async fn low_balance_waits_and_goes_on_when_the_account_is_topped_up() {
    let world = World::start();
    let _worker = world.worker();
    world.order("A-1~low-balance", 1).await;
    let record = world.in_state("A-1~low-balance", "waiting").await;
    assert_eq!(record["code"], "400113");
    world.sandbox.set_balance("CNY", 1000.into()).unwrap();
    let result = world.result("A-1~low-balance").await;
    assert_eq!(result["status"], "completed");
    assert!(result["attempts"].parse::<u32>().unwrap() > 1);
    assert_eq!(world.charged("A-1~low-balance"), 1);
}

#[tokio::test]
async fn a_final_refusal_ends_the_order_with_hitpoints_own_words() {
    let world = World::with(Options {
        balance: vec!["USD=1000".parse().unwrap()],
        ..Options::local()
    });
    let _worker = world.worker();
    world.order("A-1", 1).await;
    let result = world.result("A-1").await;
    assert_eq!(
        (result["status"].as_str(), result["reason"].as_str()),
        ("failed", "refused")
    );
    assert_eq!(
        (result["code"].as_str(), result["attempts"].as_str()),
        ("400114", "1")
    );
    assert!(!result["message"].is_empty());
    assert_eq!(world.charged("A-1"), 0);
}

#[tokio::test]
async fn every_fault_at_once_charges_each_order_once() {
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
    let world = World::with(Options {
        fault,
        duplicate: Duplicate::Charge,
        ..Options::local()
    });
    let _workers = [world.worker(), world.worker()];
    for n in 0..100 {
        world.order(&format!("A-{n}"), 1).await;
    }
    for n in 0..100 {
        assert_eq!(world.result(&format!("A-{n}")).await["status"], "completed");
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
