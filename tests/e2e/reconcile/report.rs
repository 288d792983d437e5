//! The report of a run.

use e2e::{World, assert_fields};
use hp_order::Event;
use serde_json::Value;

use super::{charge, enqueue_and_claim, lost, reconcile, report};
use crate::claims::{LONG_LEASE, apply_event};

#[tokio::test(flavor = "multi_thread")]
async fn report_is_written_to_redis_and_file() {
    let world = World::start();
    let ledger = world.ledger();
    let order = enqueue_and_claim(&world, &ledger, "A-1").await;
    charge(&world, &order).await;
    apply_event(&ledger, &order, lost()).await;
    let folder = tempfile::tempdir().unwrap();
    let (json, csv) = (
        folder.path().join("run.json"),
        folder.path().join("run.csv"),
    );
    for file in [&json, &csv] {
        let output = reconcile(&world, &["--report", file.to_str().unwrap()]);
        assert!(output.status.success());
    }
    let report: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    assert_eq!(report["found_charged"], 1);
    let table = std::fs::read_to_string(csv).unwrap();
    assert!(table.starts_with("figure,key,value\n"), "{table}");
    assert!(table.contains("looked_at,,0\n"), "{table}");
    let runs = world.stream("{hp}:reconcile:runs").await;
    assert_eq!(runs.len(), 2);
    assert_eq!(
        (runs[0]["found_charged"].as_str(), runs[0]["tick"].as_str()),
        ("1", "")
    );
    assert!(runs[0]["amounts"].contains("CNY"), "{:?}", runs[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn unwritable_report_stops_run_before_start() {
    let world = World::start();
    let output = reconcile(&world, &["--report", "/nowhere/run.csv"]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("/nowhere/run.csv"), "{stderr}");
    assert!(world.stream("{hp}:reconcile:runs").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_named_order_is_reported() {
    let world = World::start();
    for more in [&["--once"][..], &["--dry-run"]] {
        let (code, report) = report(&world, &[more, &["--order", "TYPO"]].concat());
        let left = (&report["unknown"], &report["needs_a_person"][0]);
        assert_eq!((code, left), (1, (&1.into(), &"TYPO".into())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unanswered_waiting_order_is_not_agreed() {
    let world = World::start();
    let ledger = world.ledger();
    let order = enqueue_and_claim(&world, &ledger, "A-1").await;
    apply_event(&ledger, &order, Event::BalanceHeld(LONG_LEASE)).await;
    let figures = |mode| {
        let (_, report) = report(&world, &[mode, "--order", "A-1"]);
        ["agreed", "unanswered"].map(|name| report[name].clone())
    };
    world
        .sandbox
        .set_fault("query:http-500-before", 1.0)
        .unwrap();
    for mode in ["--dry-run", "--once"] {
        assert_eq!(figures(mode), [0, 1], "{mode}");
    }
    world.sandbox.clear_faults();
    assert_eq!(figures("--once"), [1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn order_named_twice_is_checked_once() {
    let world = World::start();
    let ledger = world.ledger();
    let order = enqueue_and_claim(&world, &ledger, "A-1").await;
    apply_event(&ledger, &order, lost()).await;
    let twice = ["--once", "--order", "A-1", "--order", "A-1"];
    let (_, report) = report(&world, &twice);
    assert_fields!(report, { "looked_at": 1, "in_hand": 0 });
}
