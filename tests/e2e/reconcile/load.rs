//! What a reconciliation run costs: which orders it asks about, and how many calls it makes.

use std::time::Duration;

use e2e::{Worker, World, assert_fields};
use hp_order::Event;
use serde_json::Value;

use super::{AT_ONCE, charge, enqueue_and_claim, lost, report};
use crate::claims::{LONG_LEASE, apply_event, end_as_refused};

/// Runs a reconciliation with this rate. Returns its report and how long it took.
fn run_at_rate(world: &World, rate: &str, arguments: &[&str]) -> (Value, Duration) {
    let words = [&["reconcile", "--once", "--json"], arguments].concat();
    let settings = world.settings(&[AT_ONCE, ("HP_WORKER__RATE", rate)]);
    let output = Worker::output(&words, &settings);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let time = |name: &str| report[name].as_u64().unwrap();
    let took = time("finished_at") - time("started_at");
    (report, Duration::from_millis(took))
}

/// An order that is certainly not charged, although HitPoints has a record of it.
async fn charged_but_unsent(world: &World, id: &str) {
    let ledger = world.ledger();
    let claim = enqueue_and_claim(world, &ledger, id).await;
    charge(world, &claim).await;
    apply_event(&ledger, &claim, Event::BalanceHeld(LONG_LEASE)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_asks_about_orders_in_doubt_only() {
    let world = World::start();
    let ledger = world.ledger();
    for n in 0..300 {
        let claim = enqueue_and_claim(&world, &ledger, &format!("A-{n}")).await;
        apply_event(&ledger, &claim, Event::BalanceHeld(LONG_LEASE)).await;
    }
    let doubtful = enqueue_and_claim(&world, &ledger, "B-1").await;
    charge(&world, &doubtful).await;
    apply_event(&ledger, &doubtful, lost()).await;
    let before = world.sandbox.calls().0;
    // The share of a run is one call in two seconds, so 300 calls would take ten minutes.
    let (report, took) = run_at_rate(&world, "2", &[]);
    assert_fields!(report, { "uncharged": 300, "looked_at": 1, "found_charged": 1 });
    assert!(took < Duration::from_mins(1), "{took:?}");
    let calls = world.sandbox.calls().0 - before;
    assert!(
        calls <= 10,
        "{calls} calls, though only one order is in doubt"
    );
    for n in 0..300 {
        assert_eq!(world.record(&format!("A-{n}")).await["claim"], "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_asks_about_uncharged_orders_too() {
    let world = World::start();
    charged_but_unsent(&world, "A-1").await;
    let (code, run) = report(&world, &["--once"]);
    assert_eq!(code, 0);
    assert_fields!(run, { "uncharged": 1, "looked_at": 0 });
    let (_, dry_run) = report(&world, &["--once", "--dry-run"]);
    assert_fields!(dry_run, { "uncharged": 1, "looked_at": 0 });
    let (code, audit) = report(&world, &["--once", "--audit", "--since", "1h"]);
    assert_eq!(code, 1, "{audit:#}");
    assert_fields!(audit, { "uncharged": 0, "looked_at": 1, "to_review": 1 });
    assert_eq!(world.record("A-1").await["state"], "review");
}

#[tokio::test(flavor = "multi_thread")]
async fn order_of_an_older_epoch_is_asked_about() {
    let mut world = World::start();
    let ledger = world.ledger();
    let claim = enqueue_and_claim(&world, &ledger, "A-1").await;
    apply_event(&ledger, &claim, Event::BalanceHeld(LONG_LEASE)).await;
    world.redis.crash_and_restart();
    crate::claims::reconnect(&ledger).await;
    ledger.report_watermark().await.unwrap();
    let (_, report) = report(&world, &["--once"]);
    assert_fields!(report, { "uncharged": 0, "looked_at": 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn run_takes_a_quarter_of_the_rate() {
    let world = World::start();
    let ledger = world.ledger();
    for n in 0..30 {
        let order = enqueue_and_claim(&world, &ledger, &format!("A-{n}")).await;
        charge(&world, &order).await;
        apply_event(&ledger, &order, lost()).await;
        world.redis.command::<u64>(&["DEL", "{hp}:breaker"]).await;
    }
    let before = world.sandbox.calls().0;
    let (report, took) = run_at_rate(&world, "20", &[]);
    assert_fields!(report, { "looked_at": 30, "found_charged": 30 });
    let calls = world.sandbox.calls().0 - before;
    assert_calls_fit(calls, took, 5.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_an_audit_counts() {
    let world = World::start();
    let ledger = world.ledger();
    for n in 0..8 {
        world.enqueue(&format!("A-{n}"), 1).await;
        end_as_refused(&ledger).await;
    }
    let charged = enqueue_and_claim(&world, &ledger, "B-1").await;
    charge(&world, &charged).await;
    apply_event(&ledger, &charged, lost()).await;
    report(&world, &["--once"]);
    let before = world.sandbox.calls().0;
    let (report, took) = run_at_rate(&world, "12", &["--audit", "--since", "1h"]);
    assert_fields!(report, { "audit.compared": 9, "audit.agreed": 9 });
    let calls = world.sandbox.calls().0 - before;
    assert!(calls > 20, "each denial needs more than one call: {calls}");
    assert_calls_fit(calls, took, 3.0);
}

/// The first call leaves at once, and a permit that was due during the wait for another one may leave with it.
fn assert_calls_fit(calls: u64, took: Duration, rate: f64) {
    let allowed = took.as_secs_f64() * rate + 2.0;
    let calls = u32::try_from(calls).unwrap();
    assert!(f64::from(calls) <= allowed, "{calls} calls in {took:?}");
}
