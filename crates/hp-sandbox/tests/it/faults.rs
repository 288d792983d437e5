//! Each fault of a fetch, requested with a suffix of the order id.

use std::time::Duration;

use hp_sandbox::{Options, Sandbox};
use rust_decimal::Decimal;

use crate::raw_client::{Answer, Outcome, fetch, query};

/// Fetches three cards with an id that requests the fault. Returns the number of charges last.
async fn first_fetch(fault: &str) -> (Sandbox, String, Outcome, u32) {
    let options = Options {
        hold: Duration::from_millis(1),
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let id = format!("A-1~{fault}");
    let outcome = fetch(&sandbox, &id, 2, 3).send().await;
    let times = sandbox
        .ledger()
        .charge(&id)
        .map_or(0, |charge| charge.times);
    (sandbox, id, outcome, times)
}

/// Checks that the fault prevents the charge and that a retry succeeds.
async fn not_charged(fault: &str) -> Outcome {
    let (sandbox, id, outcome, times) = first_fetch(fault).await;
    assert_eq!(times, 0, "{fault} charged");
    let retry = fetch(&sandbox, &id, 2, 3).answer().await;
    assert!(
        retry.is_signed() && retry.pins().len() == 3,
        "{fault} affected the retry"
    );
    outcome
}

/// Checks that the order was charged once and that a query shows the correct record.
async fn charged(fault: &str) -> Outcome {
    let (sandbox, id, outcome, times) = first_fetch(fault).await;
    assert_eq!(times, 1, "{fault} did not charge");
    assert_eq!(fetch(&sandbox, &id, 2, 3).code().await, 400_104);
    let record = query(&sandbox, &id).answer().await;
    assert!(record.is_signed());
    assert_eq!(
        (record.data()["product_id"].clone(), record.pins().len()),
        (2.into(), 3)
    );
    outcome
}

fn answer(outcome: Outcome) -> Answer {
    match outcome {
        Outcome::Answer(answer) => answer,
        other => panic!("expected an answer, got {other:?}"),
    }
}

#[tokio::test]
async fn refuse_connection_resets_without_charging() {
    assert!(matches!(
        not_charged("refuse-connection").await,
        Outcome::Reset
    ));
}

#[tokio::test]
async fn drop_before_closes_without_charging() {
    assert!(matches!(not_charged("drop-before").await, Outcome::Closed));
}

#[tokio::test]
async fn timeout_before_stalls_without_charging() {
    assert!(matches!(
        not_charged("timeout-before").await,
        Outcome::Closed
    ));
}

#[tokio::test]
async fn http_500_before_does_not_charge() {
    assert_eq!(answer(not_charged("http-500-before").await).status, 500);
}

#[tokio::test]
async fn fail_0_does_not_charge() {
    assert_eq!(answer(not_charged("fail-0").await).code(), 0);
}

#[tokio::test]
async fn lost_answer_charges_and_closes() {
    assert!(matches!(charged("lost-answer").await, Outcome::Closed));
}

#[tokio::test]
async fn timeout_after_charges_and_stalls() {
    assert!(matches!(charged("timeout-after").await, Outcome::Closed));
}

#[tokio::test]
async fn http_500_after_charges() {
    assert_eq!(answer(charged("http-500-after").await).status, 500);
}

#[tokio::test]
async fn truncated_sends_half_of_the_announced_body() {
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
async fn stale_date_is_signed_and_one_hour_old() {
    let answer = answer(charged("stale-date").await);
    assert!(answer.is_signed());
    assert!(answer.age() >= Duration::from_mins(59));
}

#[tokio::test]
async fn short_is_signed_and_lacks_a_card() {
    let answer = answer(charged("short").await);
    assert!(answer.is_signed());
    assert_eq!(
        (answer.data()["quantity"].clone(), answer.pins().len()),
        (3.into(), 2)
    );
}

#[tokio::test]
async fn wrong_product_is_signed_for_another_product() {
    let answer = answer(charged("wrong-product").await);
    assert!(answer.is_signed());
    assert_ne!(answer.data()["product_id"], 2);
    assert_eq!(answer.pins()[0]["product_id"], answer.data()["product_id"]);
}

#[tokio::test]
async fn record_defect_persists_in_queries() {
    let (sandbox, id, outcome, times) = first_fetch("short-record").await;
    assert_eq!((answer(outcome).pins().len(), times), (2, 1));
    assert_eq!(query(&sandbox, &id).answer().await.pins().len(), 2);

    let (sandbox, id, outcome, times) = first_fetch("wrong-record").await;
    assert_eq!(
        (answer(outcome).data()["product_id"].clone(), times),
        (5.into(), 1)
    );
    let record = query(&sandbox, &id).answer().await;
    assert_eq!(record.data()["product_id"], 5);
    assert_eq!(sandbox.ledger().charge(&id).unwrap().product_id, 2);
}

#[tokio::test]
async fn late_record_charges_and_hides_the_record() {
    let options = Options {
        late_record: Duration::from_hours(1),
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let id = "A-1~late-record";
    assert!(matches!(
        fetch(&sandbox, id, 2, 1).send().await,
        Outcome::Closed
    ));
    assert_eq!(sandbox.ledger().charge(id).unwrap().times, 1);
    assert_eq!(query(&sandbox, id).code().await, 400_100);
}

#[tokio::test]
async fn low_balance_refuses_until_the_next_top_up() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let fetch_again = async || fetch(&sandbox, "A-1~low-balance", 2, 1).code().await;
    let top_up = |currency| {
        sandbox
            .set_balance(currency, Decimal::ONE_THOUSAND)
            .unwrap();
    };
    top_up("CNY");
    assert_eq!(
        fetch_again().await,
        400_113,
        "a top-up before the first refusal does not count"
    );
    assert_eq!(fetch_again().await, 400_113);
    top_up("USD");
    assert_eq!(
        fetch_again().await,
        400_113,
        "a top-up of another currency does not count"
    );
    top_up("CNY");
    assert_eq!(fetch_again().await, 200);
}

#[tokio::test]
async fn chained_faults_affect_successive_calls() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let fetch_again = async || {
        fetch(&sandbox, "A-1~http-500-before~lost-answer", 2, 1)
            .send()
            .await
    };
    assert_eq!(answer(fetch_again().await).status, 500);
    assert!(matches!(fetch_again().await, Outcome::Closed));
    assert_eq!(answer(fetch_again().await).code(), 400_104);
}

#[tokio::test]
async fn fault_does_not_hide_a_refusal() {
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
async fn invalid_signature_consumes_no_fault() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let id = "A-1~fail-0";
    assert_eq!(
        fetch(&sandbox, id, 2, 1).header("Sign", "x").code().await,
        400_107
    );
    assert_eq!(fetch(&sandbox, id, 2, 1).code().await, 0);
}

#[tokio::test]
async fn unknown_fault_suffix_is_refused_with_the_names() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    for (id, why) in [
        ("A-1~tpyo", "there is no fault \"tpyo\""),
        ("A-1~Lost-Answer", "there is no fault \"Lost-Answer\""),
        ("A-1~lost-answer~other", "there is no fault \"other\""),
        ("A-1~other~lost-answer", "there is no fault \"other\""),
        ("A-1~query:lost", "there is no fault \"lost\""),
        ("A-1~query:low-balance", "does not apply to queries"),
        ("A-1~code-200", "there is no fault \"code-200\""),
    ] {
        let answer = fetch(&sandbox, id, 2, 1).answer().await;
        assert_eq!(answer.code(), 400_100, "{id}");
        assert!(
            answer.body.contains(&why.replace('"', "\\\"")),
            "{}",
            answer.body
        );
        // A query finds no order of this id.
        assert_eq!(query(&sandbox, id).code().await, 400_100);
    }
    assert_eq!(sandbox.ledger().totals.charges, 0);
}

#[tokio::test]
async fn suffix_that_cannot_be_a_name_belongs_to_the_id() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    for id in [
        "lost-answer",
        "A~",
        "~",
        "A~7",
        "A~b_c",
        "A~x.y",
        "A~tpyo~",
        "A~tpyo~1",
        "A~é",
    ] {
        assert_eq!(fetch(&sandbox, id, 2, 1).code().await, 200, "{id}");
    }
    // Faults after such a part count.
    assert_eq!(fetch(&sandbox, "A~1~fail-0", 2, 1).code().await, 0);
}

#[tokio::test]
async fn plain_ids_request_no_fault() {
    let options = Options {
        plain_ids: true,
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    for id in ["A-1~tpyo", "A-1~fail-0", "A-1~lost-answer"] {
        assert_eq!(fetch(&sandbox, id, 2, 1).code().await, 200, "{id}");
    }
}

#[tokio::test]
async fn surplus_sends_a_second_answer() {
    let options = Options {
        late_surplus: Duration::from_millis(1),
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    for fault in ["surplus", "late-surplus"] {
        let id = format!("A-1~{fault}");
        let answers = fetch(&sandbox, &id, 2, 3).answers(2).await;
        assert!(answers[0].is_signed() && answers[0].pins().len() == 3);
        assert_eq!((answers[1].status, answers[1].code()), (200, 400_100));
        assert_eq!(sandbox.ledger().charge(&id).unwrap().times, 1);
    }
}
