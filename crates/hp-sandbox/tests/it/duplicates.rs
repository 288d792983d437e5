//! What a repeated `out_trade_id` gets.

use hp_sandbox::{Duplicate, Options, Sandbox};

use crate::caller::{Answer, fetch, query};

/// Fetches one id twice, the second time for more cards.
async fn twice(duplicate: Duplicate) -> (Sandbox, Answer, Answer) {
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
async fn exists_refuses_with_400104() {
    let (sandbox, _, second) = twice(Duplicate::Exists).await;
    assert_eq!(second.code(), 400_104);
    assert_eq!(sandbox.ledger().charge("A-1").unwrap().times, 1);
}

#[tokio::test]
async fn locked_refuses_with_400112() {
    let (sandbox, _, second) = twice(Duplicate::Locked).await;
    assert_eq!(second.code(), 400_112);
    assert_eq!(sandbox.ledger().charge("A-1").unwrap().times, 1);
}

#[tokio::test]
async fn replay_answers_the_first_order_whatever_is_asked_now() {
    let (sandbox, first, second) = twice(Duplicate::Replay).await;
    assert_eq!(second.data(), first.data());
    assert!(second.is_signed());
    assert_eq!(sandbox.ledger().charge("A-1").unwrap().times, 1);
}

#[tokio::test]
async fn charge_charges_again_and_the_ledger_says_so() {
    let (sandbox, first, second) = twice(Duplicate::Charge).await;
    assert_ne!(second.data()["order_id"], first.data()["order_id"]);
    let ledger = sandbox.ledger();
    let charge = ledger.charge("A-1").unwrap();
    assert_eq!((charge.times, charge.cards.len()), (2, 3));
    assert_eq!(charge.total_price.to_string(), "28.50");
    assert_eq!(ledger.totals.charged_twice, 1);
    assert_eq!(query(&sandbox, "A-1").answer().await.data(), second.data());
}

#[tokio::test]
async fn a_repetition_is_recognised_even_when_the_money_is_gone() {
    let options = Options {
        balance: vec!["CNY=9.50".parse().unwrap()],
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    assert_eq!(fetch(&sandbox, "A-1", 2, 1).code().await, 200);
    assert_eq!(fetch(&sandbox, "A-1", 2, 1).code().await, 400_104);
    assert_eq!(fetch(&sandbox, "A-2", 2, 1).code().await, 400_113);
}
