//! What is stuck is held against HitPoints' record, and mended.

use std::{process::Stdio, time::Duration};

use e2e::{Worker, World};
use hp_api::{Outcome, Refusal, RefusalKind};
use hp_order::{Event, QueryVerdict};
use serde_json::Value;

use super::{AT_ONCE, charge, claimed, lost, report};
use crate::by_hand::settle;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_charged_is_completed_and_what_never_was_is_let_go_on() {
    let world = World::start();
    let ledger = world.ledger();
    let charged = claimed(&world, &ledger, "charged").await;
    charge(&world, &charged).await;
    let not = claimed(&world, &ledger, "not-charged").await;
    for claimed in [&charged, &not] {
        settle(&ledger, claimed, lost()).await;
    }
    // Long ago, as far as the ledger knows.
    let long_ago = ["HSET", "{hp}:order:not-charged", "submitted_at", "1"];
    world.redis.run::<u64>(&long_ago).await;

    let (code, report) = report(&world, &["--once"]);
    assert_eq!(code, 0);
    assert_eq!(
        (&report["found_charged"], &report["resubmitted"]),
        (&1.into(), &1.into())
    );
    let result = world.result("charged").await;
    assert_eq!(
        (result["status"].as_str(), result["source"].as_str()),
        ("completed", "reconcile")
    );
    let waiting = world.record("not-charged").await;
    assert_eq!(waiting["state"], "waiting");
    let _worker = world.worker();
    assert_eq!(world.result("not-charged").await["attempts"], "2");
    assert_eq!(
        (world.charged("charged"), world.charged("not-charged")),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_time_keeps_it() {
    let world = World::start();
    let ledger = world.ledger();
    let order = claimed(&world, &ledger, "A-1").await;
    let low = Refusal {
        kind: RefusalKind::LowBalance,
        code: Some(400_113),
        message: "low".into(),
    };
    settle(&ledger, &order, Event::Submitted(Outcome::NotCharged(low))).await;
    let due = || async {
        world
            .redis
            .run::<u64>(&["ZSCORE", "{hp}:schedule", "A-1"])
            .await
    };
    let before = due().await;
    let (code, report) = report(&world, &["--once"]);
    assert_eq!((code, &report["agreed"]), (0, &1.into()));
    let record = world.record("A-1").await;
    assert_eq!(
        (record["state"].as_str(), record["attempts"].as_str()),
        ("waiting", "1")
    );
    let later = due().await - before;
    assert!(later < 60_000, "put off by {later} ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_in_review_is_completed_when_its_record_is_there_and_else_needs_a_person() {
    let world = World::start();
    let ledger = world.ledger();
    for id in ["there", "not-there"] {
        let order = claimed(&world, &ledger, id).await;
        if id == "there" {
            charge(&world, &order).await;
        }
        let other = Event::Queried(QueryVerdict::Mismatch(hp_api::Mismatch::Quantity));
        settle(&ledger, &order, other).await;
        assert_eq!(world.record(id).await["state"], "review");
    }
    let (code, report) = report(&world, &["--once"]);
    assert_eq!((code, &report["to_review"]), (1, &1.into()));
    assert_eq!(report["needs_a_person"], serde_json::json!(["not-there"]));
    assert_eq!(world.result("there").await["source"], "reconcile");
    assert_eq!(world.record("not-there").await["state"], "review");
    let due: String = world
        .redis
        .run(&["ZSCORE", "{hp}:schedule", "not-there"])
        .await;
    assert_eq!(due, "inf");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_review_is_looked_at_however_young_it_is() {
    let world = World::start();
    let ledger = world.ledger();
    let order = claimed(&world, &ledger, "A-1").await;
    charge(&world, &order).await;
    let other = Event::Queried(QueryVerdict::Mismatch(hp_api::Mismatch::Quantity));
    settle(&ledger, &order, other).await;
    let young = claimed(&world, &ledger, "A-2").await;
    settle(&ledger, &young, lost()).await;
    let hour = world.settings(&[("HP_RECONCILE__STUCK_AFTER", "1h")]);
    let output = Worker::command(&["reconcile", "--once", "--json"], &hour);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["looked_at"], &report["found_charged"]),
        (&1.into(), &1.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_worked_on_and_what_is_young_is_left_alone() {
    let world = World::start();
    let ledger = world.ledger();
    let mine = claimed(&world, &ledger, "mine").await;
    let (code, in_hand) = report(&world, &["--once"]);
    assert_eq!(
        (code, &in_hand["in_hand"], &in_hand["looked_at"]),
        (0, &1.into(), &0.into())
    );
    settle(&ledger, &mine, lost()).await;
    let settings = world.settings(&[("HP_RECONCILE__STUCK_AFTER", "1h")]);
    let young = Worker::command(&["reconcile", "--json", "--once"], &settings);
    let young: Value = serde_json::from_slice(&young.stdout).unwrap();
    assert_eq!(young["looked_at"], 0);
    let (_, named) = report(&world, &["--order", "mine"]);
    assert_eq!(
        named["looked_at"], 1,
        "whoever names it does not care how young it is"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_in_the_indexes_is_mended() {
    let world = World::start();
    let ledger = world.ledger();
    for id in ["unscheduled", "unlisted", "ended", "resultless"] {
        let order = claimed(&world, &ledger, id).await;
        settle(&ledger, &order, lost()).await;
    }
    for id in ["ended", "resultless"] {
        let words = ["HSET", &format!("{{hp}}:order:{id}"), "submitted_at", "1"];
        world.redis.run::<u64>(&words).await;
    }
    let redis = &world.redis;
    redis
        .run::<u64>(&["ZREM", "{hp}:schedule", "unscheduled"])
        .await;
    redis.run::<u64>(&["ZREM", "{hp}:open", "unlisted"]).await;
    redis
        .run::<u64>(&["ZADD", "{hp}:open", "1", "no-record"])
        .await;
    redis
        .run::<u64>(&["ZADD", "{hp}:schedule", "inf", "no-record-either"])
        .await;
    let ended = ["state", "failed", "reason", "refused", "source", "fetch"];
    for id in ["ended", "resultless"] {
        let key = format!("{{hp}}:order:{id}");
        let words = [&["HSET", &key], &ended[..]].concat();
        redis.run::<u64>(&words).await;
    }
    redis
        .run::<u64>(&[
            "HSET",
            "{hp}:order:ended",
            "result",
            "1-1",
            "finished_at",
            "1",
        ])
        .await;

    let (code, report) = report(&world, &["--once"]);
    assert_eq!((code, &report["repaired"]), (0, &6.into()), "{report:#}");
    let open: Vec<String> = redis.run(&["ZRANGE", "{hp}:open", "0", "-1"]).await;
    let scheduled: Vec<String> = redis.run(&["ZRANGE", "{hp}:schedule", "0", "-1"]).await;
    assert_eq!(open.len(), 2, "{open:?}");
    assert_eq!(scheduled.len(), 2, "{scheduled:?}");
    for id in ["unscheduled", "unlisted"] {
        assert!(open.iter().any(|open| open == id) && scheduled.iter().any(|due| due == id));
    }
    let told = world.result("resultless").await;
    assert_eq!(
        (told["status"].as_str(), told.get("replay_of")),
        ("failed", None)
    );
    assert_eq!(world.record("resultless").await["result"], told["entry"]);
    let (_, again) = super::report(&world, &["--once"]);
    assert_eq!(again["repaired"], 0, "{again:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_took_workers_down_with_it_is_left_to_a_person() {
    let world = World::start();
    let ledger = world.ledger();
    // The fault is met if it is asked about.
    let id = |state| format!("{state}~query:http-500-before");
    for state in ["review", "uncertain"] {
        let id = id(state);
        let order = claimed(&world, &ledger, &id).await;
        settle(&ledger, &order, lost()).await;
        let key = format!("{{hp}}:order:{id}");
        let mut words = vec!["HSET", &key, "state", state, "crashes", "5"];
        words.extend(["message", "evidence"]);
        world.redis.run::<u64>(&words).await;
    }
    let (code, report) = report(&world, &["--once"]);
    assert_eq!((code, &report["to_review"]), (1, &2.into()));
    assert!(world.sandbox.met().is_empty(), "it was asked about again");
    assert_eq!(world.record(&id("uncertain")).await["state"], "review");
    assert_eq!(world.record(&id("review")).await["message"], "evidence");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_its_orders_for_as_long_as_hitpoints_takes() {
    let world = World::with(hp_sandbox::Options {
        latency: "2s".parse().unwrap(),
        ..hp_sandbox::Options::local()
    });
    let ledger = world.ledger();
    let order = claimed(&world, &ledger, "A-1").await;
    charge(&world, &order).await;
    settle(&ledger, &order, lost()).await;
    let patient = [
        AT_ONCE,
        ("HP_WORKER__LEASE", "1s"),
        ("HP_API__TIMEOUT", "20s"),
        ("HP_RETRY__RESUBMIT_AFTER", "30s"),
    ];
    let settings = world.settings(&patient);
    let mut run = Worker::process(&["reconcile", "--once"], &settings)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let again = || async { (world.record("A-1").await["claim"] == "2").then_some(()) };
    world.redis.until("the run to take it", again).await;
    let _worker = world.worker_with(&patient);
    assert_eq!(world.result("A-1").await["source"], "reconcile");
    assert_eq!(
        world.record("A-1").await["claim"],
        "2",
        "nobody else had it"
    );
    assert!(run.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_to_the_rate() {
    let world = World::start();
    let ledger = world.ledger();
    for n in 0..12 {
        let order = claimed(&world, &ledger, &format!("A-{n}")).await;
        settle(&ledger, &order, lost()).await;
        // Between them HitPoints is heard.
        world.control().resume().await.unwrap();
        world.redis.run::<u64>(&["DEL", "{hp}:breaker"]).await;
    }
    let settings = world.settings(&[AT_ONCE, ("HP_WORKER__RATE", "10")]);
    let output = Worker::command(&["reconcile", "--once", "--json"], &settings);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["looked_at"], 12);
    let took = report["finished_at"].as_u64().unwrap() - report["started_at"].as_u64().unwrap();
    assert!(
        Duration::from_millis(took) >= Duration::from_secs(1),
        "{took} ms"
    );
}
