//! The answer to a repeated `out_trade_id`.

use hp_sandbox::{Duplicate, Options, Sandbox};

use crate::raw_client::{Answer, fetch, query};

/// Fetches the same id twice, with a higher quantity the second time.
async fn fetch_twice(duplicate: Duplicate) -> (Sandbox, Answer, Answer) {
    let options = Options {
        duplicate,
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let first = fetch(&sandbox, "A-1", 2, 1).answer().await;
    let second = fetch(&sandbox, "A-1", 2, 2).answer().await;
    assert_eq!(first.code(), 200);
    (sandbox, first, second)
}

#[tokio::test]
async fn duplicate_exists_refuses_with_400104() {
    let (sandbox, _, second) = fetch_twice(Duplicate::Exists).await;
    assert_eq!(second.code(), 400_104);
    assert_eq!(sandbox.ledger().charge("A-1").unwrap().times, 1);
}

#[tokio::test]
async fn duplicate_locked_refuses_with_400112() {
    let (sandbox, _, second) = fetch_twice(Duplicate::Locked).await;
    assert_eq!(second.code(), 400_112);
    assert_eq!(sandbox.ledger().charge("A-1").unwrap().times, 1);
}

#[tokio::test]
async fn duplicate_replay_returns_the_first_order() {
    let (sandbox, first, second) = fetch_twice(Duplicate::Replay).await;
    assert_eq!(second.data(), first.data());
    assert!(second.is_signed());
    assert_eq!(sandbox.ledger().charge("A-1").unwrap().times, 1);
}

#[tokio::test]
async fn duplicate_charge_appears_twice_in_the_ledger() {
    let (sandbox, first, second) = fetch_twice(Duplicate::Charge).await;
    assert_ne!(second.data()["order_id"], first.data()["order_id"]);
    let ledger = sandbox.ledger();
    let charge = ledger.charge("A-1").unwrap();
    assert_eq!((charge.times, charge.cards.len()), (2, 3));
    assert_eq!(charge.total_price.to_string(), "28.50");
    assert_eq!(ledger.totals.charged_twice, 1);
    assert_eq!(query(&sandbox, "A-1").answer().await.data(), second.data());
}

#[tokio::test]
async fn duplicate_is_detected_before_the_balance_check() {
    let options = Options {
        balance: vec!["CNY=9.50".parse().unwrap()],
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    assert_eq!(fetch(&sandbox, "A-1", 2, 1).code().await, 200);
    assert_eq!(fetch(&sandbox, "A-1", 2, 1).code().await, 400_104);
    assert_eq!(fetch(&sandbox, "A-2", 2, 1).code().await, 400_113);
}
