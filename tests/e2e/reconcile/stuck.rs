//! A run compares stuck orders with HitPoints' records and fixes differences.

use std::{process::Stdio, time::Duration};

use e2e::{Worker, World, assert_fields};
use hp_api::{Outcome, Refusal, RefusalKind};
use hp_order::{Event, QueryVerdict};
use serde_json::Value;

use super::{AT_ONCE, charge, enqueue_and_claim, lost, report};
use crate::claims::apply_event;

#[tokio::test(flavor = "multi_thread")]
async fn run_completes_charged_and_resubmits_uncharged() {
    let world = World::start();
    let ledger = world.ledger();
    let charged = enqueue_and_claim(&world, &ledger, "charged").await;
    charge(&world, &charged).await;
    let not = enqueue_and_claim(&world, &ledger, "not-charged").await;
    for claimed in [&charged, &not] {
        apply_event(&ledger, claimed, lost()).await;
    }
    // The ledger dates the submission to long ago.
    let long_ago = ["HSET", "{hp}:order:not-charged", "submitted_at", "1"];
    world.redis.command::<u64>(&long_ago).await;

    let (code, report) = report(&world, &["--once"]);
    assert_eq!(code, 0);
    assert_fields!(report, { "found_charged": 1, "resubmitted": 1 });
    let result = world.result("charged").await;
    assert_fields!(result, { "status": "completed", "source": "reconcile" });
    let waiting = world.record("not-charged").await;
    assert_eq!(waiting["state"], "waiting");
    let _worker = world.worker();
    assert_eq!(world.result("not-charged").await["attempts"], "2");
    assert_eq!(
        (
            world.charge_count("charged"),
            world.charge_count("not-charged")
        ),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_order_keeps_its_due_time() {
    let world = World::start();
    let ledger = world.ledger();
    let order = enqueue_and_claim(&world, &ledger, "A-1").await;
    let low = Refusal {
        kind: RefusalKind::LowBalance,
        code: Some(400_113),
        message: "low".into(),
    };
    apply_event(&ledger, &order, Event::Submitted(Outcome::NotCharged(low))).await;
    let due = || async {
        world
            .redis
            .command::<u64>(&["ZSCORE", "{hp}:schedule", "A-1"])
            .await
    };
    let before = due().await;
    let (code, report) = report(&world, &["--order", "A-1"]);
    assert_eq!(code, 0);
    assert_fields!(report, { "agreed": 1 });
    let record = world.record("A-1").await;
    assert_fields!(record, { "state": "waiting", "attempts": "1" });
    let later = due().await - before;
    assert!(later < 60_000, "postponed by {later} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn review_completes_only_with_vendor_record() {
    let world = World::start();
    let ledger = world.ledger();
    for id in ["there", "not-there"] {
        let order = enqueue_and_claim(&world, &ledger, id).await;
        if id == "there" {
            charge(&world, &order).await;
        }
        let other = Event::Queried(QueryVerdict::Mismatch(hp_api::Mismatch::Quantity {
            wanted: 1,
            got: 2,
        }));
        apply_event(&ledger, &order, other).await;
        assert_eq!(world.record(id).await["state"], "review");
    }
    let (code, report) = report(&world, &["--once"]);
    assert_eq!(code, 1);
    assert_fields!(report, { "to_review": 1 });
    assert_eq!(report["needs_a_person"], serde_json::json!(["not-there"]));
    assert_eq!(world.result("there").await["source"], "reconcile");
    assert_eq!(world.record("not-there").await["state"], "review");
    let due: String = world
        .redis
        .command(&["ZSCORE", "{hp}:schedule", "not-there"])
        .await;
    assert_eq!(due, "inf");
}

#[tokio::test(flavor = "multi_thread")]
async fn order_in_review_is_checked_at_any_age() {
    let world = World::start();
    let ledger = world.ledger();
    let order = enqueue_and_claim(&world, &ledger, "A-1").await;
    charge(&world, &order).await;
    let other = Event::Queried(QueryVerdict::Mismatch(hp_api::Mismatch::Quantity {
        wanted: 1,
        got: 2,
    }));
    apply_event(&ledger, &order, other).await;
    let young = enqueue_and_claim(&world, &ledger, "A-2").await;
    apply_event(&ledger, &young, lost()).await;
    let hour = world.settings(&[("HP_RECONCILE__STUCK_AFTER", "1h")]);
    let output = Worker::output(&["reconcile", "--once", "--json"], &hour);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_fields!(report, { "looked_at": 1, "found_charged": 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn claimed_and_young_orders_are_left_alone() {
    let world = World::start();
    let ledger = world.ledger();
    let claim = enqueue_and_claim(&world, &ledger, "claimed").await;
    let (code, busy) = report(&world, &["--once"]);
    assert_eq!(code, 0);
    assert_fields!(busy, { "in_hand": 1, "looked_at": 0 });
    apply_event(&ledger, &claim, lost()).await;
    let settings = world.settings(&[("HP_RECONCILE__STUCK_AFTER", "1h")]);
    let young = Worker::output(&["reconcile", "--json", "--once"], &settings);
    let young: Value = serde_json::from_slice(&young.stdout).unwrap();
    assert_eq!(young["looked_at"], 0);
    let (_, named) = report(&world, &["--order", "claimed"]);
    assert_eq!(named["looked_at"], 1, "a named order is checked at any age");
}

#[tokio::test(flavor = "multi_thread")]
async fn run_repairs_indexes() {
    let world = World::start();
    let ledger = world.ledger();
    for id in ["unscheduled", "unlisted", "ended", "resultless"] {
        let order = enqueue_and_claim(&world, &ledger, id).await;
        apply_event(&ledger, &order, lost()).await;
    }
    for id in ["ended", "resultless"] {
        let words = ["HSET", &format!("{{hp}}:order:{id}"), "submitted_at", "1"];
        world.redis.command::<u64>(&words).await;
    }
    let redis = &world.redis;
    redis
        .command::<u64>(&["ZREM", "{hp}:schedule", "unscheduled"])
        .await;
    redis
        .command::<u64>(&["ZREM", "{hp}:open", "unlisted"])
        .await;
    redis
        .command::<u64>(&["ZADD", "{hp}:open", "1", "no-record"])
        .await;
    redis
        .command::<u64>(&["ZADD", "{hp}:schedule", "inf", "no-record-either"])
        .await;
    let ended = ["state", "failed", "reason", "refused", "source", "fetch"];
    for id in ["ended", "resultless"] {
        let key = format!("{{hp}}:order:{id}");
        let words = [&["HSET", &key], &ended[..]].concat();
        redis.command::<u64>(&words).await;
    }
    redis
        .command::<u64>(&[
            "HSET",
            "{hp}:order:ended",
            "result",
            "1-1",
            "finished_at",
            "1",
        ])
        .await;

    let (code, report) = report(&world, &["--once"]);
    assert_eq!(code, 0, "{report:#}");
    assert_fields!(report, { "repaired": 6 });
    let open: Vec<String> = redis.command(&["ZRANGE", "{hp}:open", "0", "-1"]).await;
    let scheduled: Vec<String> = redis.command(&["ZRANGE", "{hp}:schedule", "0", "-1"]).await;
    assert_eq!(open.len(), 2, "{open:?}");
    assert_eq!(scheduled.len(), 2, "{scheduled:?}");
    for id in ["unscheduled", "unlisted"] {
        assert!(open.iter().any(|open| open == id) && scheduled.iter().any(|due| due == id));
    }
    let published = world.result("resultless").await;
    assert_fields!(published, { "status": "failed", "replay_of": None::<&str> });
    assert_eq!(
        world.record("resultless").await["result"],
        published["entry"]
    );
    let (_, again) = super::report(&world, &["--once"]);
    assert_eq!(again["repaired"], 0, "{again:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn order_over_crash_limit_is_left_for_review() {
    let world = World::start();
    let ledger = world.ledger();
    // A query would meet the fault.
    let id = |state| format!("{state}~query:http-500-before");
    for state in ["review", "uncertain"] {
        let id = id(state);
        let order = enqueue_and_claim(&world, &ledger, &id).await;
        apply_event(&ledger, &order, lost()).await;
        let key = format!("{{hp}}:order:{id}");
        let mut words = vec!["HSET", &key, "state", state, "crashes", "5"];
        words.extend(["message", "evidence"]);
        world.redis.command::<u64>(&words).await;
    }
    let (code, report) = report(&world, &["--once"]);
    assert_eq!(code, 1);
    assert_fields!(report, { "to_review": 2 });
    assert!(world.sandbox.met().is_empty(), "the run queried it");
    assert_eq!(world.record(&id("uncertain")).await["state"], "review");
    assert_eq!(world.record(&id("review")).await["message"], "evidence");
}

#[tokio::test(flavor = "multi_thread")]
async fn run_renews_leases_during_slow_calls() {
    let world = World::with_vendor(hp_sandbox::Options {
        latency: "2s".parse().unwrap(),
        ..hp_sandbox::Options::local()
    });
    let ledger = world.ledger();
    let order = enqueue_and_claim(&world, &ledger, "A-1").await;
    charge(&world, &order).await;
    apply_event(&ledger, &order, lost()).await;
    let slow_calls = [
        AT_ONCE,
        ("HP_WORKER__LEASE", "1s"),
        ("HP_API__TIMEOUT", "20s"),
        ("HP_RETRY__RESUBMIT_AFTER", "30s"),
    ];
    let settings = world.settings(&slow_calls);
    let mut run = Worker::command(&["reconcile", "--once"], &settings)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let again = || async { (world.record("A-1").await["claim"] == "2").then_some(()) };
    world.redis.wait_until("the run to claim it", again).await;
    let _worker = world.worker_with(&slow_calls);
    assert_eq!(world.result("A-1").await["source"], "reconcile");
    assert_eq!(
        world.record("A-1").await["claim"],
        "2",
        "another worker claimed it"
    );
    assert!(run.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn run_respects_rate_limit() {
    let world = World::start();
    let ledger = world.ledger();
    for n in 0..12 {
        let order = enqueue_and_claim(&world, &ledger, &format!("A-{n}")).await;
        apply_event(&ledger, &order, lost()).await;
        // Each order starts with a closed breaker.
        world.control().resume("Ada").await.unwrap();
        world.redis.command::<u64>(&["DEL", "{hp}:breaker"]).await;
    }
    let settings = world.settings(&[AT_ONCE, ("HP_WORKER__RATE", "10")]);
    let output = Worker::output(&["reconcile", "--once", "--json"], &settings);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["looked_at"], 12);
    let took = report["finished_at"].as_u64().unwrap() - report["started_at"].as_u64().unwrap();
    assert!(
        Duration::from_millis(took) >= Duration::from_secs(1),
        "{took} ms"
    );
}
