//! The control endpoints.

use hp_sandbox::{Options, Sandbox};
use serde_json::json;

use crate::raw_client::{Answer, Outcome, exchange, fetch};

async fn call(sandbox: &Sandbox, method: &str, target: &str, body: &str) -> Answer {
    match exchange(sandbox.addr(), method, target, &[], body).await {
        Outcome::Answer(answer) => answer,
        other => panic!("expected an answer, got {other:?}"),
    }
}

#[tokio::test]
async fn ledger_lists_charges_in_order_with_cards() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let cards = fetch(&sandbox, "B-1", 31, 2).answer().await.pins();
    fetch(&sandbox, "A-1", 2, 1).answer().await;

    let ledger = call(&sandbox, "GET", "/_sandbox/ledger", "").await.json();
    assert_eq!(
        ledger["charges"][0],
        json!({
            "out_trade_id": "B-1", "product_id": 31, "quantity": 2, "currency": "USD",
            "total_price": "87.50", "times": 1, "order_ids": [1],
            "cards": [
                {"pin_sn": cards[0]["pin_sn"], "pin_key": cards[0]["pin_key"]},
                {"pin_sn": cards[1]["pin_sn"], "pin_key": cards[1]["pin_key"]},
            ],
        })
    );
    assert_eq!(ledger["charges"][1]["out_trade_id"], "A-1");
    assert_eq!(
        ledger["totals"],
        json!({
            "orders": 2, "charges": 2, "charged_twice": 0, "cards": 3,
            "charged": {"CNY": "9.50", "USD": "87.50"},
            "balances": {"CNY": "999999990.50", "USD": "999999912.50"},
        })
    );
}

#[tokio::test]
async fn ledger_is_available_as_tsv() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    fetch(&sandbox, "A-1", 31, 2).answer().await;
    fetch(&sandbox, "A-2", 2, 3).answer().await;
    let lines = call(&sandbox, "GET", "/_sandbox/ledger?format=tsv", "").await;
    assert_eq!(lines.body, "A-1\t31\t2\t1\t87.50\nA-2\t2\t3\t1\t28.50\n");
}

#[tokio::test]
async fn post_faults_replaces_all_rates() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    sandbox.set_fault("http-500-before", 1.0).unwrap();
    let answer = call(&sandbox, "POST", "/_sandbox/faults", r#"{"fail-0":1}"#).await;
    assert_eq!(answer.json(), json!({"fail-0": 1.0}));
    assert_eq!(fetch(&sandbox, "A-1", 2, 1).code().await, 0);
    call(&sandbox, "POST", "/_sandbox/faults", "{}").await;
    assert_eq!(fetch(&sandbox, "A-1", 2, 1).code().await, 200);
}

#[tokio::test]
async fn post_balance_keeps_other_balances() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let answer = call(&sandbox, "POST", "/_sandbox/balance", r#"{"CNY":"20.00"}"#).await;
    assert_eq!(
        answer.json(),
        json!({"CNY": "20.00", "USD": "1000000000.00"})
    );
    assert_eq!(fetch(&sandbox, "A-1", 2, 3).code().await, 400_113);
    assert_eq!(fetch(&sandbox, "A-2", 2, 2).code().await, 200);
}

#[tokio::test]
async fn post_balance_accepts_json_numbers() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let answer = call(&sandbox, "POST", "/_sandbox/balance", r#"{"CNY":9.5}"#).await;
    assert_eq!(answer.status, 200);
    assert_eq!(fetch(&sandbox, "A-1", 2, 1).code().await, 200);
    assert_eq!(fetch(&sandbox, "A-2", 2, 1).code().await, 400_113);
}

#[tokio::test]
async fn invalid_body_changes_nothing_and_gives_a_reason() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    for (path, body, reason) in [
        (
            "/_sandbox/faults",
            r#"{"fail-0":1,"lost":0.1}"#,
            "lost-answer",
        ),
        ("/_sandbox/faults", r#"{"fail-0":2}"#, "always"),
        ("/_sandbox/faults", "x", "send JSON such as"),
        (
            "/_sandbox/balance",
            r#"{"CNY":"1.00","cny":"5"}"#,
            "capital",
        ),
        ("/_sandbox/balance", r#"{"CNY":"0.001"}"#, "two decimals"),
        ("/_sandbox/balance", r#"{"CNY":"-1"}"#, "zero or more"),
    ] {
        let answer = call(&sandbox, "POST", path, body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.body.contains(reason), "{}", answer.body);
    }
    assert_eq!(
        fetch(&sandbox, "A-1", 2, 1).code().await,
        200,
        "nothing was set"
    );
}

#[tokio::test]
async fn control_root_lists_the_endpoints() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let help = call(&sandbox, "GET", "/_sandbox", "").await;
    assert!(help.body.contains("/_sandbox/ledger?format=tsv"));
    assert_eq!(
        call(&sandbox, "GET", "/_sandbox/leger", "").await.status,
        404
    );
}
