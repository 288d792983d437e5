//! Faults by rate, which repeat with the same seed.

use hp_sandbox::{Options, Sandbox};

use crate::raw_client::{Outcome, exchange, fetch};

fn sandbox(seed: u64) -> Sandbox {
    let options = Options {
        seed,
        fault: vec![
            "fail-0=0.3".parse().unwrap(),
            "http-500-before=0.2".parse().unwrap(),
        ],
        ..Options::local()
    };
    Sandbox::start(options).unwrap()
}

/// Fetches each order twice and returns the outcomes, sorted by order: 0 for code 0, else the HTTP status.
async fn run_orders(seed: u64, orders: impl Iterator<Item = u32>) -> Vec<(u32, Vec<u16>)> {
    let sandbox = sandbox(seed);
    let mut outcomes = Vec::new();
    for order in orders {
        let mut calls = Vec::new();
        for _ in 0..2 {
            let answer = fetch(&sandbox, &format!("A-{order}"), 2, 1).answer().await;
            calls.push(if answer.body.contains(r#""code":0,"#) {
                0
            } else {
                answer.status
            });
        }
        outcomes.push((order, calls));
    }
    outcomes.sort();
    outcomes
}

#[tokio::test]
async fn seed_determines_faults_in_any_call_order() {
    let ascending = run_orders(7, 0..60).await;
    let descending = run_orders(7, (0..60).rev()).await;
    assert_eq!(ascending, descending);
    assert_ne!(ascending, run_orders(8, 0..60).await);
}

#[tokio::test]
async fn rate_matches_the_share_of_faulty_calls() {
    let outcomes = run_orders(7, 0..200).await;
    let first_calls = |expected| {
        outcomes
            .iter()
            .filter(|(_, calls)| calls[0] == expected)
            .count()
    };
    // The mean is 40 for HTTP 500, and 30 % of the other 160 for code 0. The bounds are five standard deviations.
    assert!(
        (12..=68).contains(&first_calls(500)),
        "{}",
        first_calls(500)
    );
    assert!((17..=80).contains(&first_calls(0)), "{}", first_calls(0));
    assert!(outcomes.iter().any(|(_, calls)| calls[0] != calls[1]));
}

#[tokio::test]
async fn rate_1_is_always_and_rate_0_never() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    sandbox.set_fault("fail-0", 1.0).unwrap();
    for order in 0..20 {
        assert_eq!(fetch(&sandbox, &format!("A-{order}"), 2, 1).code().await, 0);
    }
    sandbox.set_fault("fail-0", 0.0).unwrap();
    for order in 0..20 {
        assert_eq!(
            fetch(&sandbox, &format!("A-{order}"), 2, 1).code().await,
            200
        );
    }
}

#[tokio::test]
async fn refused_connection_is_reset_before_reading() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    sandbox.set_fault("refuse-connection", 1.0).unwrap();
    let outcome = exchange(sandbox.addr(), "GET", "/_sandbox", &[], "").await;
    assert!(matches!(outcome, Outcome::Reset), "{outcome:?}");
}

#[tokio::test]
async fn unknown_fault_or_invalid_rate_is_an_error() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let unknown = sandbox.set_fault("lost", 0.1).unwrap_err().to_string();
    assert!(unknown.contains("lost-answer"), "{unknown}");
    for rate in [-0.1, 1.1, f64::NAN] {
        assert!(sandbox.set_fault("lost-answer", rate).is_err());
    }
}

#[tokio::test]
async fn injected_faults_are_counted() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    sandbox.set_fault("fail-0", 1.0).unwrap();
    for id in ["A-1", "A-2", "A-3~http-500-before"] {
        fetch(&sandbox, id, 2, 1).answer().await;
    }
    let met = sandbox
        .met()
        .into_iter()
        .map(|(trigger, times)| (trigger.to_string(), times));
    let expected = [("http-500-before".into(), 1), ("fail-0".into(), 2)];
    assert_eq!(met.collect::<Vec<_>>(), expected);
}
