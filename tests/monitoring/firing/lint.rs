//! What a worker exports follows the rules of Prometheus for names, types and units.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use crate::names::real_metrics;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus"]
async fn metrics_pass_the_check_of_promtool() {
    let metrics = real_metrics().await;
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is needed: .ci/run installs it");
    let mut input = promtool.stdin.take().unwrap();
    input.write_all(metrics.as_bytes()).unwrap();
    drop(input);
    let output = promtool.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
}
