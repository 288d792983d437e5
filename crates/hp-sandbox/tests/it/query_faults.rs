//! Faults of order queries.

use std::time::Duration;

use hp_sandbox::{Options, Sandbox};

use crate::raw_client::{Outcome, fetch, query};

/// Charges an order and returns the outcome of its first query.
async fn first_query(fault: &str) -> (Sandbox, String, Outcome) {
    let options = Options {
        hold: Duration::from_millis(1),
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let id = format!("A-1~query:{fault}");
    assert_eq!(
        fetch(&sandbox, &id, 2, 3).code().await,
        200,
        "the fetch has no fault"
    );
    let outcome = query(&sandbox, &id).send().await;
    (sandbox, id, outcome)
}

#[tokio::test]
async fn query_faults_close_or_reset_the_connection() {
    for fault in [
        "drop-before",
        "lost-answer",
        "timeout-before",
        "timeout-after",
    ] {
        let (_sandbox, _, outcome) = first_query(fault).await;
        assert!(matches!(outcome, Outcome::Closed), "{fault}: {outcome:?}");
    }
    let (_sandbox, _, outcome) = first_query("refuse-connection").await;
    assert!(matches!(outcome, Outcome::Reset), "{outcome:?}");
}

#[tokio::test]
async fn query_faults_affect_one_answer() {
    for fault in ["http-500-before", "http-500-after", "fail-0", "truncated"]
        .into_iter()
        .chain([
            "bad-signature",
            "unsigned",
            "stale-date",
            "short",
            "wrong-product",
        ])
    {
        let (sandbox, id, outcome) = first_query(fault).await;
        let Outcome::Answer(wrong) = outcome else {
            panic!("{fault}: {outcome:?}")
        };
        let right = query(&sandbox, &id).answer().await;
        assert!(right.is_signed() && right.age() < Duration::from_mins(1));
        let differs = wrong.status != right.status || wrong.body != right.body;
        let signature_differs = wrong.header("sign") != right.header("sign");
        assert!(differs || signature_differs, "{fault} had no effect");
    }
}

#[tokio::test]
async fn query_faults_work_by_rate() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    sandbox.set_fault("query:fail-0", 1.0).unwrap();
    assert_eq!(fetch(&sandbox, "A-1", 2, 1).code().await, 200);
    assert_eq!(query(&sandbox, "A-1").code().await, 0);
    sandbox.clear_faults();
    assert_eq!(query(&sandbox, "A-1").code().await, 200);
}

#[tokio::test]
async fn query_code_affects_every_query_until_cleared() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    sandbox.set_fault("query:code-400124", 1.0).unwrap();
    assert_eq!(fetch(&sandbox, "A-1", 2, 1).code().await, 200);
    for id in ["A-1", "never-bought"] {
        assert_eq!(query(&sandbox, id).code().await, 400_124, "{id}");
    }
    sandbox.clear_faults();
    assert_eq!(query(&sandbox, "A-1").code().await, 200);
    assert_eq!(query(&sandbox, "never-bought").code().await, 400_100);
    for invalid in ["query:code-200", "query:code-", "query:code-x"] {
        assert!(sandbox.set_fault(invalid, 1.0).is_err(), "{invalid}");
    }
}

#[tokio::test]
async fn fetch_only_faults_are_refused_for_queries() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    for fault in [
        "late-record",
        "low-balance",
        "short-record",
        "sparse-record",
        "wrong-record",
    ] {
        assert!(sandbox.set_fault(&format!("query:{fault}"), 0.5).is_err());
    }
}
