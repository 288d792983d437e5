//! One reconciliation run over orders with every kind of fault.

use e2e::World;
use hp_sandbox::{Duplicate, Options};
use nix::sys::signal::Signal;

use crate::reconcile::report;

#[tokio::test(flavor = "multi_thread")]
async fn run_resolves_every_fault_without_a_worker() {
    const ORDERS: usize = 1000;
    const FAULTS: [&str; 17] = [
        "refuse-connection",
        "drop-before",
        "lost-answer",
        "timeout-before",
        "timeout-after",
        "http-500-before",
        "http-500-after",
        "truncated",
        "bad-signature",
        "unsigned",
        "stale-date",
        "short",
        "wrong-product",
        "short-record",
        "wrong-record",
        "late-record",
        "fail-0",
    ];
    // Only an operator can resolve these contradictions.
    let contradicts = |id: &str| id.ends_with("~short-record") || id.ends_with("~wrong-record");
    let world = World::with_vendor(Options {
        duplicate: Duplicate::Charge,
        late_record: std::time::Duration::from_millis(1),
        ..Options::local()
    });
    let id = |n: usize| match n % 2 {
        0 => format!("A-{n}"),
        _ => format!("A-{n}~{}", FAULTS[n / 2 % FAULTS.len()]),
    };
    let long_waits = [
        ("HP_RETRY__BASE", "1h"),
        ("HP_RETRY__MAX", "2h"),
        ("HP_RETRY__RESUBMIT_AFTER", "1h"),
    ];
    let mut worker = world.worker_with(&long_waits);
    for n in 0..ORDERS {
        world.enqueue(&id(n), 1).await;
    }
    let faultless: Vec<_> = (0..ORDERS).step_by(2).map(id).collect();
    for result in world.results_of_all(&faultless).await {
        assert_eq!(result["status"], "completed");
    }
    worker.signal(Signal::SIGTERM);
    assert!(worker.wait_for_exit().await.success());
    let published_before = world.stream("{hp}:results").await.len();

    let (code, report) = report(&world, &["--once"]);
    assert_eq!(code, 1, "{report:#}");
    let books = world.sandbox.ledger();
    assert_eq!(books.totals.charged_twice, 0);
    let results = world.stream("{hp}:results").await;
    let (contradicted, charges): (Vec<_>, Vec<_>) = books
        .charges
        .iter()
        .partition(|charge| contradicts(&charge.out_trade_id));
    assert_eq!(
        results.len(),
        charges.len(),
        "one for each charge without a contradiction"
    );
    assert_eq!(report["to_review"], contradicted.len());
    for charge in &contradicted {
        assert_eq!(world.record(&charge.out_trade_id).await["state"], "review");
    }
    for charge in &charges {
        let of_this = results
            .iter()
            .filter(|result| result["order_id"] == charge.out_trade_id);
        assert_eq!(of_this.count(), 1, "{}", charge.out_trade_id);
    }
    let open: usize = world.redis.command(&["ZCARD", "{hp}:open"]).await;
    assert_eq!(open + results.len(), ORDERS);
    let found: Vec<_> = results[published_before..].iter().collect();
    assert!(found.iter().all(|result| result["source"] == "reconcile"));
    assert_eq!(report["found_charged"], found.len());
    assert_eq!(report["looked_at"], ORDERS - published_before);
    let unfinished =
        ["agreed", "resubmitted", "still_in_doubt"].map(|figure| report[figure].as_u64());
    let unfinished: u64 = unfinished.into_iter().flatten().sum();
    assert_eq!(
        unfinished,
        u64::try_from(open - contradicted.len()).unwrap(),
        "{report:#}"
    );
    let amount: rust_decimal::Decimal = charges
        .iter()
        .filter(|charge| {
            found
                .iter()
                .any(|result| result["order_id"] == charge.out_trade_id)
        })
        .map(|charge| charge.total_price)
        .sum();
    assert_eq!(report["amounts"]["CNY"], amount.to_string());
}
