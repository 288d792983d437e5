//! A short run over real processes. `just chaos` makes long ones.

use e2e::chaos::{Settings, run, summary::Summary};

const SEED: u64 = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_promises_hold_when_everything_goes_wrong_at_once() {
    let report = run(Settings::short(SEED)).await;
    println!("{}", Summary(&report));
    assert!(report.violations.is_empty(), "\n{}", Summary(&report));
    assert!(
        report.history.faults.len() > 10,
        "too few faults to prove anything:\n{}",
        Summary(&report)
    );
}
