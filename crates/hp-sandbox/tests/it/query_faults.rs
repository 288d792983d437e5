//! Faults of the order query, which has its own visits.

use std::time::Duration;

use hp_sandbox::{Options, Sandbox};

use crate::caller::{End, fetch, query};

/// The first query of an order that is on the books.
async fn first_query(fault: &str) -> (Sandbox, String, End) {
    let options = Options {
        hold: Duration::from_millis(1),
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let id = format!("A-1~query:{fault}");
    assert_eq!(
        fetch(&sandbox, &id, 2, 3).code().await,
        200,
        "the fetch is spared"
    );
    let end = query(&sandbox, &id).send().await;
    (sandbox, id, end)
}

#[tokio::test]
async fn queries_break_off_as_fetches_do() {
    for fault in [
        "drop-before",
        "lost-answer",
        "timeout-before",
        "timeout-after",
    ] {
        let (_sandbox, _, end) = first_query(fault).await;
        assert!(matches!(end, End::Closed), "{fault}: {end:?}");
    }
    let (_sandbox, _, end) = first_query("refuse-connection").await;
    assert!(matches!(end, End::Reset), "{end:?}");
}

#[tokio::test]
async fn queries_can_be_answered_wrongly_once() {
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
        let (sandbox, id, end) = first_query(fault).await;
        let End::Answer(wrong) = end else {
            panic!("{fault}: {end:?}")
        };
        let right = query(&sandbox, &id).answer().await;
        assert!(right.is_signed() && right.age() < Duration::from_mins(1));
        let differs = wrong.status != right.status || wrong.body != right.body;
        let unproven = wrong.header("sign") != right.header("sign");
        assert!(differs || unproven, "{fault} made no difference");
    }
}

#[tokio::test]
async fn query_faults_happen_by_rate_too() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    sandbox.set_fault("query:fail-0", 1.0).unwrap();
    assert_eq!(fetch(&sandbox, "A-1", 2, 1).code().await, 200);
    assert_eq!(query(&sandbox, "A-1").code().await, 0);
    sandbox.clear_faults();
    assert_eq!(query(&sandbox, "A-1").code().await, 200);
}

#[tokio::test]
async fn every_query_can_be_answered_with_one_code_until_it_is_switched_off() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    sandbox.set_fault("query:code-400124", 1.0).unwrap();
    assert_eq!(fetch(&sandbox, "A-1", 2, 1).code().await, 200);
    for id in ["A-1", "never-bought"] {
        assert_eq!(query(&sandbox, id).code().await, 400_124, "{id}");
    }
    sandbox.clear_faults();
    assert_eq!(query(&sandbox, "A-1").code().await, 200);
    assert_eq!(query(&sandbox, "never-bought").code().await, 400_100);
    for no_error in ["query:code-200", "query:code-", "query:code-x"] {
        assert!(sandbox.set_fault(no_error, 1.0).is_err(), "{no_error}");
    }
}

#[tokio::test]
async fn faults_of_charging_are_refused_for_queries() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    for fault in ["late-record", "low-balance", "short-record", "wrong-record"] {
        assert!(sandbox.set_fault(&format!("query:{fault}"), 0.5).is_err());
    }
}
