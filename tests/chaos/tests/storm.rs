//! A short run with real processes. `just chaos` makes long ones.

use crate::{report::Settings, run::run, summary::Summary};

const SEED: u64 = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn promises_hold_under_all_faults_at_once() {
    let report = run(Settings::short(SEED)).await;
    let summary = Summary(&report).to_string();
    println!("{summary}");
    assert!(report.violations.is_empty(), "\n{summary}");
    let proves = report.history.faults.len() > 10 && report.missing_faults().is_empty();
    assert!(
        proves,
        "too few faults occurred to prove anything:\n{summary}"
    );
}
