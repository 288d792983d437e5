//! Runs that cannot be made, or not to their end.

use std::process::Stdio;

use e2e::{Worker, World};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use super::{AT_ONCE, charge, claimed, lost, reconcile, report};
use crate::by_hand::settle;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_cannot_be_made_says_why_and_exits_with_2() {
    let mut world = World::start();
    let ledger = world.ledger();
    let order = claimed(&world, &ledger, "A-1").await;
    settle(&ledger, &order, lost()).await;
    world
        .control()
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
