//! Reconciliation runs that cannot start or do not finish.

use std::process::{Child, Stdio};

use e2e::{Worker, World, assert_fields};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use super::{AT_ONCE, charge, enqueue_and_claim, lost, reconcile, report};
use crate::claims::apply_event;

#[tokio::test(flavor = "multi_thread")]
async fn impossible_run_exits_with_2_and_reason() {
    let mut world = World::start();
    let ledger = world.ledger();
    let order = enqueue_and_claim(&world, &ledger, "A-1").await;
    apply_event(&ledger, &order, lost()).await;
    world
        .control()
        .pause("the secret is wrong", "Ada")
        .await
        .unwrap();
    let paused = reconcile(&world, &["--once"]);
    assert_eq!(paused.status.code(), Some(2));
    let stderr = String::from_utf8(paused.stderr).unwrap();
    assert!(stderr.contains("paused: the secret is wrong"), "{stderr}");
    let left = world.stream("{hp}:reconcile:runs").await;
    assert!(left[0]["incomplete"].contains("paused"), "{left:?}");
    world.redis.crash();
    assert_eq!(reconcile(&world, &["--once"]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_run_releases_its_orders() {
    let world = World::start();
    let ledger = world.ledger();
    let order = enqueue_and_claim(&world, &ledger, "A-1~query:timeout-before").await;
    apply_event(&ledger, &order, lost()).await;
    let slow_calls = [
        AT_ONCE,
        ("HP_API__TIMEOUT", "50s"),
        ("HP_RETRY__RESUBMIT_AFTER", "1h"),
        ("HP_WORKER__LEASE", "10m"),
    ];
    let id = order.id().as_str();
    let due_before: u64 = world.redis.command(&["ZSCORE", "{hp}:schedule", id]).await;
    let mut run = Worker::command(&["reconcile", "--once"], &world.settings(&slow_calls))
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let again = || async { (world.record(id).await["claim"] == "2").then_some(()) };
    world.redis.wait_until("the run to claim it", again).await;
    kill(Pid::from_raw(run.id().cast_signed()), Signal::SIGINT).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(2));
    let record = world.record(id).await;
    assert_fields!(record, { "state": "uncertain", "settled": record["claim"] });
    let due: u64 = world.redis.command(&["ZSCORE", "{hp}:schedule", id]).await;
    assert!(due.abs_diff(due_before) < 60_000, "its due time is kept");
    let left = world.stream("{hp}:reconcile:runs").await.remove(0);
    assert_fields!(left, { "looked_at": "0", "in_hand": "0" });
    assert!(left["incomplete"].contains("interrupted"), "{left:?}");
}

/// Starts a slow run over thirty orders that are charged already.
async fn start_slow_run(world: &World, arguments: &[&str]) -> Child {
    let ledger = world.ledger();
    for n in 0..30 {
        let order = enqueue_and_claim(world, &ledger, &format!("A-{n}")).await;
        charge(world, &order).await;
        apply_event(&ledger, &order, lost()).await;
        world.redis.command::<u64>(&["DEL", "{hp}:breaker"]).await;
    }
    let slow = [AT_ONCE, ("HP_WORKER__RATE", "10")];
    Worker::command(arguments, &world.settings(&slow))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn wait_for_results(world: &World, count: usize) {
    let enough = || async { (world.stream("{hp}:results").await.len() >= count).then_some(()) };
    world.redis.wait_until("some results", enough).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_survives_broken_connection() {
    let world = World::start();
    let run = start_slow_run(&world, &["reconcile", "--once", "--json"]).await;
    wait_for_results(&world, 5).await;
    let kill_connections = ["CLIENT", "KILL", "TYPE", "normal"];
    world.redis.command::<u64>(&kill_connections).await;
    wait_for_results(&world, 10).await;
    kill(Pid::from_raw(run.id().cast_signed()), Signal::SIGINT).unwrap();
    let output = run.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let reason = report["incomplete"].as_str().unwrap();
    assert!(reason.contains("interrupted"), "{report:#}");
    assert!(report["found_charged"].as_u64() >= Some(10), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn run_reports_what_it_did_before_redis_crashed() {
    let mut world = World::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.json");
    let words = ["reconcile", "--report", file.to_str().unwrap()];
    let run = start_slow_run(&world, &words).await;
    wait_for_results(&world, 5).await;
    world.redis.crash();
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert!(report["found_charged"].as_u64() >= Some(5), "{report:#}");
    assert!(report["incomplete"].is_string(), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn run_without_vendor_answers_exits_with_2() {
    let world = World::start();
    let ledger = world.ledger();
    let order = enqueue_and_claim(&world, &ledger, "ended").await;
    charge(&world, &order).await;
    apply_event(&ledger, &order, lost()).await;
    assert_eq!(report(&world, &["--once"]).0, 0);
    let order = enqueue_and_claim(&world, &ledger, "A-1").await;
    apply_event(&ledger, &order, lost()).await;
    world
        .sandbox
        .set_fault("query:http-500-before", 1.0)
        .unwrap();
    for more in [&["--once"][..], &["--dry-run"]] {
        let (code, report) = report(&world, more);
        let why = report["incomplete"].as_str().unwrap();
        assert!(code == 2 && why.contains("does not answer"), "{report:#}");
    }
    let ids = ["--order", "ended", "--audit", "--since", "1h"];
    let (code, report) = report(&world, &ids);
    assert_eq!(code, 2);
    assert_fields!(report, { "audit.unanswered": 1 });
}
