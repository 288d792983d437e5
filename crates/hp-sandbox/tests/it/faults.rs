//! Each fault of a fetch, asked for by the end of the order id.

use std::time::Duration;

use hp_sandbox::{Options, Sandbox};
use rust_decimal::Decimal;

use crate::caller::{Answer, End, fetch, query};

/// Fetches three cards under an id that ends in the fault; says how often it was charged.
async fn first_visit(fault: &str) -> (Sandbox, String, End, u32) {
    let options = Options {
        hold: Duration::from_millis(1),
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let id = format!("A-1~{fault}");
    let end = fetch(&sandbox, &id, 2, 3).send().await;
    let times = sandbox
        .ledger()
        .charge(&id)
        .map_or(0, |charge| charge.times);
    (sandbox, id, end, times)
}

/// The fault keeps the order from being charged; a retry is served.
async fn harmless(fault: &str) -> End {
    let (sandbox, id, end, times) = first_visit(fault).await;
    assert_eq!(times, 0, "{fault} charged");
    let retry = fetch(&sandbox, &id, 2, 3).answer().await;
    assert!(
        retry.is_signed() && retry.pins().len() == 3,
        "{fault} lasts"
    );
    end
}

/// The fault leaves the order charged once, and a query shows it as ordered.
async fn charged(fault: &str) -> End {
    let (sandbox, id, end, times) = first_visit(fault).await;
    assert_eq!(times, 1, "{fault} did not charge");
    assert_eq!(fetch(&sandbox, &id, 2, 3).code().await, 400_104);
    let record = query(&sandbox, &id).answer().await;
    assert!(record.is_signed());
    assert_eq!(
        (record.data()["product_id"].clone(), record.pins().len()),
        (2.into(), 3)
    );
    end
}

fn answer(end: End) -> Answer {
    match end {
        End::Answer(answer) => answer,
        other => panic!("no answer but {other:?}"),
    }
}

#[tokio::test]
async fn refuse_connection_resets_without_charging() {
    assert!(matches!(harmless("refuse-connection").await, End::Reset));
}

#[tokio::test]
async fn drop_before_closes_without_charging() {
    assert!(matches!(harmless("drop-before").await, End::Closed));
}

#[tokio::test]
async fn timeout_before_gives_no_answer_and_does_not_charge() {
    assert!(matches!(harmless("timeout-before").await, End::Closed));
}

#[tokio::test]
async fn http_500_before_does_not_charge() {
    assert_eq!(answer(harmless("http-500-before").await).status, 500);
}

#[tokio::test]
async fn fail_0_does_not_charge() {
    assert_eq!(answer(harmless("fail-0").await).code(), 0);
}

#[tokio::test]
async fn lost_answer_charges_and_closes() {
    assert!(matches!(charged("lost-answer").await, End::Closed));
}

#[tokio::test]
async fn timeout_after_charges_and_gives_no_answer() {
    assert!(matches!(charged("timeout-after").await, End::Closed));
}

#[tokio::test]
async fn http_500_after_charges() {
    assert_eq!(answer(charged("http-500-after").await).status, 500);
}

#[tokio::test]
async fn truncated_announces_the_whole_body_and_sends_half() {
    let answer = answer(charged("truncated").await);
    let announced: usize = answer.header("content-length").unwrap().parse().unwrap();
    assert_eq!(answer.body.len(), announced / 2);
    assert!(answer.body.starts_with(r#"{"data":{"order_id""#));
}

#[tokio::test]
async fn bad_signature_is_well_formed_but_wrong() {
    let answer = answer(charged("bad-signature").await);
    assert_eq!(answer.header("sign").unwrap().len(), 44);
    assert!(!answer.is_signed());
}

#[tokio::test]
async fn unsigned_has_no_signature() {
    let answer = answer(charged("unsigned").await);
    assert_eq!((answer.code(), answer.header("sign")), (200, None));
}

#[tokio::test]
async fn stale_date_is_signed_and_an_hour_old() {
    let answer = answer(charged("stale-date").await);
    assert!(answer.is_signed());
    assert!(answer.age() >= Duration::from_mins(59));
}

#[tokio::test]
async fn short_lacks_a_card_and_is_signed() {
    let answer = answer(charged("short").await);
    assert!(answer.is_signed());
    assert_eq!(
        (answer.data()["quantity"].clone(), answer.pins().len()),
        (3.into(), 2)
    );
}

#[tokio::test]
async fn wrong_product_is_another_product_and_signed() {
    let answer = answer(charged("wrong-product").await);
    assert!(answer.is_signed());
    assert_ne!(answer.data()["product_id"], 2);
    assert_eq!(answer.pins()[0]["product_id"], answer.data()["product_id"]);
}

#[tokio::test]
async fn a_wrong_record_stays_wrong_when_queried() {
    let (sandbox, id, end, times) = first_visit("short-record").await;
    assert_eq!((answer(end).pins().len(), times), (2, 1));
    assert_eq!(query(&sandbox, &id).answer().await.pins().len(), 2);

    let (sandbox, id, end, times) = first_visit("wrong-record").await;
    assert_eq!(
        (answer(end).data()["product_id"].clone(), times),
        (5.into(), 1)
    );
    let record = query(&sandbox, &id).answer().await;
    assert_eq!(record.data()["product_id"], 5);
    assert_eq!(sandbox.ledger().charge(&id).unwrap().product_id, 2);
}

#[tokio::test]
async fn late_record_charges_loses_the_answer_and_hides_the_record() {
    let options = Options {
        late_record: Duration::from_hours(1),
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let id = "A-1~late-record";
    assert!(matches!(
        fetch(&sandbox, id, 2, 1).send().await,
        End::Closed
    ));
    assert_eq!(sandbox.ledger().charge(id).unwrap().times, 1);
    assert_eq!(query(&sandbox, id).code().await, 400_100);
}

#[tokio::test]
async fn low_balance_refuses_until_that_currency_is_topped_up() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let visit = async || fetch(&sandbox, "A-1~low-balance", 2, 1).code().await;
    let top_up = |currency| {
        sandbox
            .set_balance(currency, Decimal::ONE_THOUSAND)
            .unwrap();
    };
    top_up("CNY");
    assert_eq!(
        visit().await,
        400_113,
        "a top-up before the first refusal is none"
    );
    assert_eq!(visit().await, 400_113);
    top_up("USD");
    assert_eq!(visit().await, 400_113, "another currency");
    top_up("CNY");
    assert_eq!(visit().await, 200);
}

#[tokio::test]
async fn chained_faults_befall_one_visit_after_the_other() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let visit = async || {
        fetch(&sandbox, "A-1~http-500-before~lost-answer", 2, 1)
            .send()
            .await
    };
    assert_eq!(answer(visit().await).status, 500);
    assert!(matches!(visit().await, End::Closed));
    assert_eq!(answer(visit().await).code(), 400_104);
}

#[tokio::test]
async fn a_fault_never_hides_that_the_order_was_refused() {
    let options = Options {
        balance: vec!["CNY=1".parse().unwrap()],
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    for fault in ["truncated", "unsigned", "bad-signature", "short"] {
        let id = format!("A-1~{fault}");
        assert_eq!(fetch(&sandbox, &id, 2, 1).code().await, 400_113);
    }
}

#[tokio::test]
async fn an_unsigned_caller_uses_up_no_fault() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let id = "A-1~fail-0";
    assert_eq!(
        fetch(&sandbox, id, 2, 1).header("Sign", "x").code().await,
        400_107
    );
    assert_eq!(fetch(&sandbox, id, 2, 1).code().await, 0);
}

#[tokio::test]
async fn an_end_that_is_no_fault_is_part_of_the_id() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    for id in ["lost-answer", "A-1~other", "A-1~lost-answer~other"] {
        assert_eq!(fetch(&sandbox, id, 2, 1).code().await, 200, "{id}");
    }
}
