//! All processes of a queue agree on its account, its rules and the version of the protocol.

use std::time::Duration;

use e2e::{ENQUEUE, Worker, World, assert_fields};
use hp_queue::{FirstSource, QueueError};
use hp_sandbox::{Options, Sandbox};
use nix::sys::signal::Signal;

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one},
    reconcile::{charge, lost},
};

/// Runs a command with further settings. Returns its exit code and its output.
fn run_command(world: &World, words: &[&str], more: &[(&str, &str)]) -> (i32, String) {
    let output = Worker::output(words, &world.settings(more));
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(text).unwrap(),
    )
}

/// Buys one order, so that the queue has an account, and stops the worker.
async fn buy_one(world: &World, more: &[(&str, &str)]) {
    let mut worker = world.worker_with(more);
    world.enqueue("A-0", 1).await;
    world.result("A-0").await;
    worker.signal(Signal::SIGTERM);
    assert!(worker.wait_for_exit().await.success());
}

/// Changes what the queue has stored.
async fn store(world: &World, name: &str, value: &str) {
    let words = ["HSET", "{hp}:queue", name, value];
    world.redis.command::<u64>(&words).await;
}

async fn stored(world: &World, name: &str) -> Option<String> {
    world.redis.command(&["HGET", "{hp}:queue", name]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_refuses_another_account() {
    let world = World::start();
    buy_one(&world, &[]).await;
    let own = world.account().to_string();
    let elsewhere = "https://api.sandbox.hitpoints.com";
    for (setting, other) in [
        (("HP_API__APP_ID", "other"), own.replace("demo", "other")),
        (("HP_API__BASE_URL", elsewhere), format!("demo@{elsewhere}")),
    ] {
        let (code, text) = run_command(&world, &["run"], &[setting]);
        assert_eq!(code, 2, "{text}");
        for words in [own.as_str(), &other, "worker account switch"] {
            assert!(text.contains(words), "no `{words}` in: {text}");
        }
    }
    assert_eq!(stored(&world, "account").await, Some(own));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_refuse_another_account() {
    let world = World::start();
    buy_one(&world, &[]).await;
    let other = [("HP_API__APP_ID", "other")];
    let commands: [&[&str]; 9] = [
        &["reconcile", "--once"],
        &["reconcile"],
        &["reconcile", "--dry-run"],
        &["reconcile", "--audit", "--since", "1h"],
        &["retry", "A-0"],
        &["republish", "A-0"],
        &["record", "A-0"],
        &["pin", "T000000417K00001"],
        &["products"],
    ];
    for words in commands {
        let (code, text) = run_command(&world, words, &other);
        assert_eq!(code, 2, "{words:?}: {text}");
        let own = world.account().to_string();
        for words in [own.as_str(), "other@http"] {
            assert!(text.contains(words), "no `{words}` in: {text}");
        }
    }
    assert_eq!(world.stream("{hp}:results").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn account_is_shown_by_doctor_and_status() {
    let world = World::start();
    let (_, text) = run_command(&world, &["status"], &[]);
    assert!(text.contains("no account yet"), "{text}");
    buy_one(&world, &[]).await;
    let own = world.account().to_string();
    let (_, text) = run_command(&world, &["status"], &[]);
    assert!(text.contains(&own), "{text}");
    let (_, text) = run_command(&world, &["status", "--json"], &[]);
    let status: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status["account"], own.as_str());
    let (_, text) = run_command(&world, &["account", "show"], &[]);
    assert_eq!(text.trim_end(), own);
    let (code, text) = run_command(&world, &["doctor"], &[("HP_API__APP_ID", "other")]);
    assert_eq!(code, 1);
    let line = text.lines().find(|line| line.contains("  account"));
    let line = line.unwrap();
    assert!(line.starts_with("BAD") && line.contains(&own), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_stop_at_another_account() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    assert_eq!(
        world.record("A-1").await["account"],
        world.account().as_str()
    );
    store(&world, "account", "other@https://api.hitpoints.com").await;

    world.enqueue("A-2", 1).await;
    let refused = ledger.claim_batch(1, LONG_LEASE, FirstSource::Inbox).await;
    assert!(matches!(refused, Err(QueueError::OtherAccount { .. })));
    let refused = ledger.claim_named(1, LONG_LEASE, &["A-1"]).await;
    assert!(matches!(refused, Err(QueueError::OtherAccount { .. })));
    let refused = world.control().acquire_permits(1).await;
    assert!(matches!(refused, Err(QueueError::OtherAccount { .. })));
    assert_eq!(world.stream("{hp}:jobs").await.len(), 1);

    // The request of an order that is claimed already may be charged.
    assert!(ledger.renew(&claim, LONG_LEASE).await.unwrap());
    apply_event(&ledger, &claim, lost()).await;
    assert_eq!(world.record("A-1").await["state"], "uncertain");
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_pauses_itself_at_another_account() {
    let world = World::start();
    buy_one(&world, &[]).await;
    let worker = world.worker();
    worker.wait_for_log("product list fetched").await;
    store(&world, "account", "other@https://api.hitpoints.com").await;
    worker.wait_for_log("this process claims no orders").await;
    world.enqueue("A-1", 1).await;
    store(&world, "account", world.account().as_str()).await;
    worker.wait_for_log("claims orders again").await;
    let result = world.result("A-1").await;
    assert_fields!(result, { "status": "completed" });
    let paused: u64 = world.redis.command(&["EXISTS", "{hp}:paused"]).await;
    assert_eq!(paused, 0, "the other workers go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn order_in_doubt_is_not_queried_elsewhere() {
    let world = World::with_vendor(careless_vendor());
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    charge(&world, &claim).await;
    apply_event(&ledger, &claim, lost()).await;
    // As after a loss of the key, or a switch without the command.
    let second = Sandbox::start(careless_vendor()).unwrap();
    let elsewhere = [
        ("HP_API__BASE_URL", second.base_url()),
        ("HP_RETRY__RESUBMIT_AFTER", "5500ms".into()),
    ];
    let elsewhere = elsewhere
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let _worker = world.worker_with(&elsewhere);
    let (_, text) = run_command(&world, &["retry", "A-1"], &elsewhere);
    assert!(text.contains("due now"), "{text}");
    let record = world.wait_for_state("A-1", "review").await;
    assert!(record["message"].contains(world.account().as_str()));
    world.enqueue("A-2", 1).await;
    assert_fields!(world.result("A-2").await, { "status": "completed" });
    assert_eq!(world.charge_count("A-1"), 1);
    assert!(
        second
            .ledger()
            .charges
            .iter()
            .all(|charge| charge.out_trade_id != "A-1")
    );
}

fn careless_vendor() -> Options {
    Options {
        duplicate: hp_sandbox::Duplicate::Charge,
        ..Options::local()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_rules_override_settings_of_commands() {
    let world = World::start();
    let long = [
        ("HP_RESULTS__RETENTION", "30d"),
        ("HP_LEDGER__RETENTION", "30d"),
    ];
    buy_one(&world, &long).await;
    let (code, text) = run_command(&world, &["republish", "A-0"], &[]);
    assert_eq!(code, 0, "{text}");
    let left: u64 = world.redis.command(&["PTTL", "{hp}:order:A-0"]).await;
    assert!(Duration::from_millis(left) > Duration::from_hours(29 * 24));
    let (_, text) = run_command(&world, &["doctor"], &[]);
    assert!(
        text.contains("results.retention is 2592000s in the queue"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn newest_worker_sets_the_rules_of_all() {
    let world = World::start();
    let first = world.worker();
    first.wait_for_log("product list fetched").await;
    let second = world.worker_with(&[("HP_RETRY__MAX", "700ms"), ("HP_WORKER__RATE", "50")]);
    second.wait_for_log("this worker has changed a rule").await;
    first
        .wait_for_log("this process uses a rule of the queue")
        .await;
    first.wait_for_log("worker.rate").await;
    let log = first.log();
    for words in [
        "retry.max",
        "500ms",
        "700ms",
        "worker.rate",
        "not set",
        "50",
    ] {
        assert!(log.contains(words), "no `{words}` in: {log}");
    }
    assert_eq!(stored(&world, "retry.max").await.as_deref(), Some("700"));
    assert_eq!(stored(&world, "worker.rate").await.as_deref(), Some("50"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_too_short_pause_a_worker() {
    let world = World::start();
    let worker = world.worker();
    worker.wait_for_log("product list fetched").await;
    store(&world, "retry.resubmit_after", "4000").await;
    worker.wait_for_log("could be charged twice").await;
    let (code, text) = run_command(&world, &["reconcile", "--once"], &[]);
    assert!(
        code == 2 && text.contains("could be charged twice"),
        "{text}"
    );
    store(&world, "retry.resubmit_after", "5500").await;
    worker.wait_for_log("claims orders again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn newer_protocol_is_refused_by_every_process() {
    let world = World::start();
    let worker = world.worker();
    worker.wait_for_log("product list fetched").await;
    store(&world, "protocol", "2").await;
    worker.wait_for_log("upgrade this program").await;
    let commands: [&[&str]; 8] = [
        &["run"],
        &ENQUEUE,
        &["results"],
        &["status"],
        &["orders"],
        &["resume"],
        &["resolve", "A-1", "--as", "completed", "--why", "x"],
        &["account", "switch", "--why", "x"],
    ];
    for words in commands {
        let (code, text) = run_command(&world, words, &[]);
        assert!(code == 2 && text.contains("upgrade"), "{words:?}: {text}");
    }
    let (code, text) = run_command(&world, &["doctor"], &[]);
    assert!(code == 1 && text.contains("upgrade"), "{text}");
    world.enqueue("A-1", 1).await;
    let refused = world
        .ledger()
        .claim_batch(1, LONG_LEASE, FirstSource::Inbox)
        .await;
    assert!(matches!(refused, Err(QueueError::NewerProtocol(2))));
    store(&world, "protocol", "1").await;
    assert_fields!(world.result("A-1").await, { "status": "completed" });
}

#[tokio::test(flavor = "multi_thread")]
async fn account_is_stored_again_after_a_loss() {
    let world = World::start();
    let worker = world.worker();
    worker.wait_for_log("product list fetched").await;
    world.redis.command::<()>(&["FLUSHALL"]).await;
    world
        .redis
        .wait_until("the account", || async { stored(&world, "account").await })
        .await;
    assert_eq!(
        stored(&world, "results.retention").await.as_deref(),
        Some("604800000")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn resolve_waits_as_long_as_the_queue_says() {
    let world = World::start();
    buy_one(&world, &[("HP_RETRY__RESUBMIT_AFTER", "30m")]).await;
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    let mismatch =
        hp_order::QueryVerdict::Mismatch(hp_api::Mismatch::Quantity { wanted: 1, got: 2 });
    apply_event(&ledger, &claim, hp_order::Event::Queried(mismatch)).await;
    let resolve = ["resolve", "A-1", "--as", "not-charged", "--why", "x"];
    // The settings of this process would let it decide after 5.5 seconds.
    world
        .redis
        .command::<u64>(&["HINCRBY", "{hp}:order:A-1", "submitted_at", "-60000"])
        .await;
    let (code, text) = run_command(&world, &resolve, &[]);
    assert!(
        code == 1 && text.contains("a request may still arrive"),
        "{text}"
    );
    assert_eq!(world.record("A-1").await["state"], "review");
}

#[tokio::test(flavor = "multi_thread")]
async fn shop_without_rights_to_the_version_enqueues() {
    let world = World::with_redis(e2e::Redis::single(), Options::local());
    buy_one(&world, &[]).await;
    let user = [
        "ACL",
        "SETUSER",
        "shop",
        "on",
        ">secret",
        "resetkeys",
        "%W~{hp}:jobs",
        "-@all",
        "+xadd",
        "+auth",
        "+ping",
    ];
    world.redis.command::<()>(&user).await;
    let url = world
        .redis
        .url()
        .replace("redis://", "redis://shop:secret@");
    let (code, text) = run_command(&world, &ENQUEUE, &[("HP_REDIS__URL", &url)]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(world.stream("{hp}:jobs").await.len(), 1);
}
