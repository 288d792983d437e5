//! A reconciliation run on demand: what is stuck is held against HitPoints' record, and mended.

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use e2e::{Worker, World};
use hp_api::{Doubt, DoubtKind, Outcome, Refusal, RefusalKind};
use hp_order::{Event, Finding};
use hp_queue::{Claimed, Ledger};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::by_hand::{LONG, NONE, settle, take_one};

/// Every open order counts as stuck.
const AT_ONCE: (&str, &str) = ("HP_RECONCILE__STUCK_AFTER", "1ms");

fn reconcile(world: &World, arguments: &[&str]) -> Output {
    let words = [&["reconcile"], arguments].concat();
    Worker::command(&words, &world.settings(&[AT_ONCE]))
}

/// A run's exit code and its report.
pub(crate) fn report(world: &World, arguments: &[&str]) -> (i32, Value) {
    let output = reconcile(world, &[&["--json"], arguments].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let report = serde_json::from_str(&text).unwrap_or_else(|error| {
        let said = String::from_utf8_lossy(&output.stderr);
        panic!("{error}: {text}{said}")
    });
    (output.status.code().unwrap(), report)
}

pub(crate) fn lost() -> Event {
    Event::Submitted(Outcome::Unknown(Doubt {
        kind: DoubtKind::Lost,
        code: None,
        message: "no answer".into(),
    }))
}

/// Puts an order in and claims it.
async fn claimed(world: &World, ledger: &Ledger, id: &str) -> Claimed {
    world.order(id, 1).await;
    take_one(ledger, LONG).await
}

/// Charges an order at the sandbox behind the worker's back.
pub(crate) async fn charge(world: &World, claimed: &Claimed) {
    let client = hp_api::Client::builder(&world.sandbox.base_url(), "demo")
        .secret("demo-secret".to_owned().into())
        .build()
        .unwrap();
    client.fetch(&claimed.record.wanted).await.unwrap();
}

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
        let other = Event::Queried(Finding::Contradiction(hp_api::Mismatch::Quantity));
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
    let (_, again) = report_of(&world);
    assert_eq!(again["repaired"], 0, "{again:#}");
}

fn report_of(world: &World) -> (i32, Value) {
    report(world, &["--once"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_a_run_would_do_and_changes_nothing() {
    let world = World::start();
    let ledger = world.ledger();
    let order = claimed(&world, &ledger, "A-1").await;
    charge(&world, &order).await;
    settle(&ledger, &order, lost()).await;
    let before = world.record("A-1").await;
    let (code, report) = report(&world, &["--dry-run"]);
    assert_eq!((code, &report["found_charged"]), (0, &1.into()));
    assert_eq!(
        (&report["preview"][0]["from"], &report["preview"][0]["to"]),
        (&"uncertain".into(), &"completed".into())
    );
    assert_eq!(world.record("A-1").await, before);
    assert!(world.stream("{hp}:results").await.is_empty());
    assert!(world.stream("{hp}:reconcile:runs").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_be_made_says_why_and_exits_with_2() {
    let mut world = World::start();
    let ledger = world.ledger();
    let order = claimed(&world, &ledger, "A-1").await;
    settle(&ledger, &order, lost()).await;
    ledger
        .pause("the secret is wrong", "somebody")
        .await
        .unwrap();
    let paused = reconcile(&world, &["--once"]);
    assert_eq!(paused.status.code(), Some(2));
    let said = String::from_utf8(paused.stderr).unwrap();
    assert!(said.contains("paused: the secret is wrong"), "{said}");
    let left = world.stream("{hp}:reconcile:runs").await;
    assert!(left[0]["incomplete"].contains("paused"), "{left:?}");
    world.redis.crash();
    assert_eq!(reconcile(&world, &["--once"]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_run_leaves_its_report_in_redis_and_in_the_file_that_is_asked_for() {
    let world = World::start();
    let ledger = world.ledger();
    let order = claimed(&world, &ledger, "A-1").await;
    charge(&world, &order).await;
    settle(&ledger, &order, lost()).await;
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
async fn an_audit_finds_ended_orders_that_differ_from_hitpoints_records() {
    let world = World::start();
    {
        let _worker = world.worker();
        for id in ["A-1", "A-2", "A-3"] {
            world.order(id, 2).await;
            world.result(id).await;
        }
        let unknown = [
            ("order_id", "A-4"),
            ("product_id", "777"),
            ("quantity", "1"),
        ];
        world.put(&unknown).await;
        assert_eq!(world.result("A-4").await["status"], "rejected");
    }
    let audit = ["--once", "--audit", "--since", "1h"];
    let (code, agreed) = report(&world, &audit);
    assert_eq!(
        (code, &agreed["audit"]["agreed"]),
        (0, &4.into()),
        "{agreed:#}"
    );
    let books = world.sandbox.ledger();
    let cny = &agreed["audit"]["totals"]["by_currency"]["CNY"];
    assert_eq!((&cny["orders"], &cny["cards"]), (&3.into(), &6.into()));
    assert_eq!(cny["amount"], books.totals.charged["CNY"].to_string());
    assert_eq!(&agreed["audit"]["totals"]["by_product"]["2"]["CNY"], cny);

    let failed = ["state", "failed", "reason", "gave_up", "source", "worker"];
    world
        .redis
        .run::<u64>(&[&["HSET", "{hp}:order:A-1"], &failed[..]].concat())
        .await;
    world
        .redis
        .run::<u64>(&["HSET", "{hp}:order:A-2", "quantity", "5"])
        .await;
    let (code, found) = report(&world, &audit);
    assert_eq!(
        (code, &found["audit"]["disagreed"]),
        (1, &2.into()),
        "{found:#}"
    );
    let (_, none) = report(&world, &["--once", "--audit", "--since", "1ms"]);
    assert_eq!(none["audit"]["compared"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_interrupted_gives_back_what_it_holds() {
    let world = World::start();
    let ledger = world.ledger();
    let order = claimed(&world, &ledger, "A-1~query:timeout-before").await;
    settle(&ledger, &order, lost()).await;
    let patient = [
        AT_ONCE,
        ("HP_API__TIMEOUT", "50s"),
        ("HP_RETRY__RESUBMIT_AFTER", "1h"),
        ("HP_WORKER__LEASE", "10m"),
    ];
    let id = order.id().as_str();
    let due_before: u64 = world.redis.run(&["ZSCORE", "{hp}:schedule", id]).await;
    let mut run = Worker::process(&["reconcile", "--once"], &world.settings(&patient))
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let again = || async { (world.record(id).await["claim"] == "2").then_some(()) };
    world.redis.until("the run to take it", again).await;
    kill(Pid::from_raw(run.id().cast_signed()), Signal::SIGINT).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(2));
    let record = world.record(id).await;
    assert_eq!(
        (record["state"].as_str(), &record["settled"]),
        ("uncertain", &record["claim"])
    );
    let due: u64 = world.redis.run(&["ZSCORE", "{hp}:schedule", id]).await;
    assert!(due.abs_diff(due_before) < 60_000, "it keeps its time");
    let left = world.stream("{hp}:reconcile:runs").await.remove(0);
    assert_eq!((&*left["looked_at"], &*left["in_hand"]), ("0", "0"));
    assert!(left["incomplete"].contains("interrupted"), "{left:?}");
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
async fn what_is_in_review_is_looked_at_however_young_it_is() {
    let world = World::start();
    let ledger = world.ledger();
    let order = claimed(&world, &ledger, "A-1").await;
    charge(&world, &order).await;
    let other = Event::Queried(Finding::Contradiction(hp_api::Mismatch::Quantity));
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
async fn an_order_that_is_named_and_that_there_is_none_of_is_told() {
    let world = World::start();
    for more in [&["--once"][..], &["--dry-run"]] {
        let (code, report) = report(&world, &[more, &["--order", "TYPO"]].concat());
        let left = (&report["unknown"], &report["needs_a_person"][0]);
        assert_eq!((code, left), (1, (&1.into(), &"TYPO".into())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_asks_about_what_a_dead_worker_left() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let order = take_one(&ledger, NONE).await;
    charge(&world, &order).await;
    let (_, report) = report(&world, &["--dry-run"]);
    let preview = &report["preview"][0];
    assert_eq!(
        (&preview["from"], &preview["to"]),
        (&"submitting".into(), &"completed".into())
    );
    assert_eq!(world.record("A-1").await["state"], "submitting");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_hitpoints_tells_nothing_is_not_a_good_one() {
    let world = World::start();
    let ledger = world.ledger();
    let order = claimed(&world, &ledger, "ended").await;
    charge(&world, &order).await;
    settle(&ledger, &order, lost()).await;
    assert_eq!(report(&world, &["--once"]).0, 0);
    let order = claimed(&world, &ledger, "A-1").await;
    settle(&ledger, &order, lost()).await;
    world
        .sandbox
        .set_fault("query:http-500-before", 1.0)
        .unwrap();
    for more in [&["--once"][..], &["--dry-run"]] {
        let (code, told) = report(&world, more);
        let why = told["incomplete"].as_str().unwrap();
        assert!(code == 2 && why.contains("no answers"), "{told:#}");
    }
    let ids = ["--order", "ended", "--audit", "--since", "1h"];
    let (code, told) = report(&world, &ids);
    assert_eq!((code, &told["audit"]["unanswered"]), (2, &1.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hitpoints_has_charged_is_in_the_totals_though_the_ledger_disagrees() {
    let world = World::start();
    let ledger = world.ledger();
    let order = claimed(&world, &ledger, "A-1").await;
    charge(&world, &order).await;
    settle(&ledger, &order, crate::by_hand::refused()).await;
    let (code, report) = report(&world, &["--once", "--audit", "--since", "1h"]);
    assert_eq!((code, &report["audit"]["disagreed"]), (1, &1.into()));
    let told = &report["audit"]["totals"]["by_currency"]["CNY"]["amount"];
    let books = world.sandbox.ledger();
    assert_eq!(*told, books.totals.charged["CNY"].to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_was_told_otherwise_is_found_though_the_result_is_gone() {
    let world = World::start();
    {
        let _worker = world.worker();
        world.order("A-1", 1).await;
        world.result("A-1").await;
    }
    world.redis.run::<u64>(&["DEL", "{hp}:results"]).await;
    let audit = ["--once", "--audit", "--since", "1h"];
    assert_eq!(report(&world, &audit).1["audit"]["agreed"], 1);
    let other = ["HSET", "{hp}:order:A-1", "total_price", "0.01"];
    world.redis.run::<u64>(&other).await;
    let (_, report) = report(&world, &audit);
    let what = &report["audit"]["disagreements"][0]["what"];
    assert!(what.as_str().unwrap().contains("CNY 0.01"), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_ends_no_run_and_what_a_dead_redis_cuts_short_is_told() {
    let mut world = World::start();
    let ledger = world.ledger();
    for n in 0..30 {
        let order = claimed(&world, &ledger, &format!("A-{n}")).await;
        charge(&world, &order).await;
        settle(&ledger, &order, lost()).await;
        world.redis.run::<u64>(&["DEL", "{hp}:breaker"]).await;
    }
    let slow = [AT_ONCE, ("HP_WORKER__RATE", "10")];
    let run = |arguments: &[&str]| {
        Worker::process(arguments, &world.settings(&slow))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let told = |n: usize| {
        let world = &world;
        async move {
            let some = || async { (world.stream("{hp}:results").await.len() >= n).then_some(()) };
            world.redis.until("some results", some).await;
        }
    };
    let first = run(&["reconcile", "--once", "--json"]);
    told(5).await;
    world
        .redis
        .run::<u64>(&["CLIENT", "KILL", "TYPE", "normal"])
        .await;
    told(10).await;
    kill(Pid::from_raw(first.id().cast_signed()), Signal::SIGINT).unwrap();
    let first: Value = serde_json::from_slice(&first.wait_with_output().unwrap().stdout).unwrap();
    assert!(
        first["incomplete"]
            .as_str()
            .unwrap()
            .contains("interrupted"),
        "{first:#}"
    );

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.json");
    let before = world.stream("{hp}:results").await.len();
    let second = run(&["reconcile", "--report", file.to_str().unwrap()]);
    told(before + 5).await;
    world.redis.crash();
    let second = second.wait_with_output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    let report: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let found = |report: &Value| report["found_charged"].as_u64().unwrap();
    assert!(
        found(&first) >= 10 && found(&report) >= 5,
        "{first:#} {report:#}"
    );
    assert!(report["incomplete"].is_string(), "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_cannot_be_written_is_found_out_before_the_run() {
    let world = World::start();
    let output = reconcile(&world, &["--report", "/nowhere/run.csv"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("/nowhere/run.csv"), "{said}");
    assert!(world.stream("{hp}:reconcile:runs").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_to_the_rate() {
    let world = World::start();
    let ledger = world.ledger();
    for n in 0..12 {
        let order = claimed(&world, &ledger, &format!("A-{n}")).await;
        settle(&ledger, &order, lost()).await;
        // Between them HitPoints is heard.
        ledger.resume().await.unwrap();
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
