//! Faults by rate: a run can be repeated.

use hp_sandbox::{Options, Sandbox};

use crate::caller::{End, exchange, fetch};

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

/// How two visits of each of these orders end, by order.
async fn run(seed: u64, orders: impl Iterator<Item = u32>) -> Vec<(u32, Vec<u16>)> {
    let sandbox = sandbox(seed);
    let mut ends = Vec::new();
    for order in orders {
        let mut visits = Vec::new();
        for _ in 0..2 {
            let answer = fetch(&sandbox, &format!("A-{order}"), 2, 1).answer().await;
            visits.push(if answer.body.contains(r#""code":0,"#) {
                0
            } else {
                answer.status
            });
        }
        ends.push((order, visits));
    }
    ends.sort();
    ends
}

#[tokio::test]
async fn the_same_seed_meets_the_same_faults_whatever_the_interleaving() {
    let forwards = run(7, 0..60).await;
    let backwards = run(7, (0..60).rev()).await;
    assert_eq!(forwards, backwards);
    assert_ne!(forwards, run(8, 0..60).await);
}

#[tokio::test]
async fn faults_come_about_as_often_as_asked_and_visits_differ() {
    let ends = run(7, 0..200).await;
    let firsts = |wanted| {
        ends.iter()
            .filter(|(_, visits)| visits[0] == wanted)
            .count()
    };
    // Of 200, 40 are expected to be HTTP 500 and of the others 30 in 100 code 0; five standard deviations.
    assert!((12..=68).contains(&firsts(500)), "{}", firsts(500));
    assert!((17..=80).contains(&firsts(0)), "{}", firsts(0));
    assert!(ends.iter().any(|(_, visits)| visits[0] != visits[1]));
}

#[tokio::test]
async fn a_rate_of_1_is_always_and_of_0_never() {
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
async fn refused_connections_are_reset_before_anything_is_read() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    sandbox.set_fault("refuse-connection", 1.0).unwrap();
    let end = exchange(sandbox.addr(), "GET", "/_sandbox", &[], "").await;
    assert!(matches!(end, End::Reset), "{end:?}");
}

#[tokio::test]
async fn unknown_faults_and_impossible_rates_are_errors_that_help() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let unknown = sandbox.set_fault("lost", 0.1).unwrap_err().to_string();
    assert!(unknown.contains("lost-answer"), "{unknown}");
    for rate in [-0.1, 1.1, f64::NAN] {
        assert!(sandbox.set_fault("lost-answer", rate).is_err());
    }
}

#[tokio::test]
async fn faults_that_happened_are_counted_by_kind() {
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
