//! Decisions of an operator about single orders. HitPoints' record overrides them.

use e2e::{Worker, World, assert_fields};
use hp_order::{Event, QueryVerdict};
use hp_queue::Ledger;

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one, gave_up},
    reconcile::charge,
};

/// Enqueues an order and sends it to review.
async fn enqueue_for_review(world: &World, ledger: &Ledger, id: &str, is_charged: bool) {
    world.enqueue(id, 1).await;
    let claimed = claim_one(ledger, LONG_LEASE).await;
    if is_charged {
        charge(world, &claimed).await;
    }
    let other = Event::Queried(QueryVerdict::Mismatch(hp_api::Mismatch::Quantity {
        wanted: 1,
        got: 2,
    }));
    apply_event(ledger, &claimed, other).await;
    assert_eq!(world.record(id).await["state"], "review");
}

/// Backdates the submission, so that no request can still be in transit.
async fn backdate_submission(world: &World, id: &str) {
    let key = format!("{{hp}}:order:{id}");
    world
        .redis
        .command::<u64>(&["HSET", &key, "submitted_at", "1"])
        .await;
}

/// Runs a command. Returns its exit code and its output.
fn run_command(world: &World, words: &[&str]) -> (i32, String) {
    let output = Worker::output(words, &world.settings(&[]));
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(text).unwrap(),
    )
}

fn resolve(world: &World, id: &str, verdict: &str) -> (i32, String) {
    let words = [
        "resolve",
        id,
        "--as",
        verdict,
        "--why",
        "ticket 42",
        "--by",
        "Ada",
    ];
    run_command(world, &words)
}

#[tokio::test(flavor = "multi_thread")]
async fn resolve_completed_requires_vendor_record() {
    let world = World::start();
    let ledger = world.ledger();
    enqueue_for_review(&world, &ledger, "there", true).await;
    enqueue_for_review(&world, &ledger, "not-there", false).await;
    assert_eq!(resolve(&world, "there", "completed").0, 0);
    let result = world.result("there").await;
    assert_fields!(result, { "status": "completed", "pin_count": "1" });
    let (code, text) = resolve(&world, "not-there", "completed");
    assert_eq!(code, 1);
    assert!(text.contains("no record"), "{text}");
    assert_eq!(world.record("not-there").await["state"], "review");
    let history = &world.record("there").await["history"];
    assert!(
        history.contains("resolved as completed by Ada: ticket 42"),
        "{history}"
    );
    let history = &world.record("not-there").await["history"];
    assert!(
        history.contains("resolved as completed by Ada"),
        "{history}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn resolve_uncharged_waits_for_late_requests() {
    let world = World::start();
    let ledger = world.ledger();
    for (id, verdict) in [("A-1", "not-charged"), ("A-2", "resubmit")] {
        enqueue_for_review(&world, &ledger, id, false).await;
        let (code, text) = resolve(&world, id, verdict);
        assert_eq!(code, 1);
        assert!(text.contains("may still arrive"), "{text}");
        backdate_submission(&world, id).await;
        assert_eq!(resolve(&world, id, verdict).0, 0);
    }
    let failed = world.result("A-1").await;
    assert_fields!(failed, { "status": "failed", "reason": "resolved" });
    let _worker = world.worker();
    assert_eq!(world.result("A-2").await["status"], "completed");
    assert_eq!(
        (world.charge_count("A-1"), world.charge_count("A-2")),
        (0, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn resolve_completes_charged_order_anyway() {
    let world = World::start();
    let ledger = world.ledger();
    for (id, verdict) in [("A-1", "not-charged"), ("A-2", "resubmit")] {
        enqueue_for_review(&world, &ledger, id, true).await;
        backdate_submission(&world, id).await;
        let (code, text) = resolve(&world, id, verdict);
        assert_eq!(code, 1);
        assert!(text.contains("HitPoints has charged"), "{text}");
        assert_eq!(world.result(id).await["status"], "completed");
        assert_eq!(world.charge_count(id), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn resolve_accepts_only_orders_in_review() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("waiting", 1).await;
    let claimed = claim_one(&ledger, LONG_LEASE).await;
    let (code, text) = resolve(&world, "waiting", "resubmit");
    assert_eq!(code, 1);
    assert!(text.contains("a worker is processing"), "{text}");
    apply_event(&ledger, &claimed, Event::BalanceHeld(LONG_LEASE)).await;
    let before = world.record("waiting").await;
    let (code, text) = resolve(&world, "waiting", "resubmit");
    assert_eq!(code, 1);
    assert!(text.contains("not in review"), "{text}");
    let after = world.record("waiting").await;
    assert_fields!(after, { "state": before["state"], "attempts": before["attempts"] });
    world.enqueue("ended", 1).await;
    apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, gave_up()).await;
    assert!(
        resolve(&world, "ended", "completed")
            .1
            .contains("has ended")
    );
    assert!(
        resolve(&world, "nobody", "completed")
            .1
            .contains("no such order")
    );
    world
        .control()
        .pause("the secret is wrong", "Ada")
        .await
        .unwrap();
    let (code, text) = resolve(&world, "waiting", "completed");
    assert_eq!(code, 2);
    assert!(text.contains("worker resume"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_queries_order_and_continues() {
    let world = World::start();
    let ledger = world.ledger();
    enqueue_for_review(&world, &ledger, "A-1", true).await;
    enqueue_for_review(&world, &ledger, "A-2", false).await;
    backdate_submission(&world, "A-2").await;
    let words = ["retry", "A-1", "A-2", "nobody", "--by", "Ada", "--json"];
    let (code, text) = run_command(&world, &words);
    assert_eq!(code, 1, "{text}");
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let done: Vec<_> = lines
        .iter()
        .map(|line| line["done"].as_bool().unwrap())
        .collect();
    assert_eq!(done, [true, true, false]);
    let _worker = world.worker();
    for id in ["A-1", "A-2"] {
        assert_eq!(world.result(id).await["status"], "completed");
        assert_eq!(world.charge_count(id), 1);
        let history = &world.record(id).await["history"];
        assert!(history.contains("retried by Ada"), "{history}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn republish_rebuilds_missing_result_from_record() {
    let world = World::start();
    {
        let _worker = world.worker();
        world.enqueue("A-1", 2).await;
        world.result("A-1").await;
    }
    let first = world.result("A-1").await;
    world
        .redis
        .command::<u64>(&["XDEL", "{hp}:results", &first["entry"]])
        .await;
    assert_eq!(run_command(&world, &["republish", "A-1"]).0, 0);
    let again = world.result("A-1").await;
    assert_fields!(again, { "pins": first["pins"], "replay_of": first["entry"] });
    assert_eq!(run_command(&world, &["republish", "A-1"]).0, 0);
    assert_eq!(
        world.results("A-1", 2).await.len(),
        2,
        "as often as it is asked for"
    );
    let history = &world.record("A-1").await["history"];
    assert_eq!(history.matches("republished by").count(), 2, "{history}");
    let (code, text) = run_command(&world, &["republish", "nobody"]);
    assert_eq!(code, 1);
    assert!(text.contains("no such order"), "{text}");
    assert_eq!(world.charge_count("A-1"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn resubmit_resets_age_and_crash_count() {
    let world = World::start();
    let ledger = world.ledger();
    enqueue_for_review(&world, &ledger, "A-1~lost-answer", false).await;
    let key = "{hp}:order:A-1~lost-answer";
    let old = [
        "HSET",
        key,
        "accepted_at",
        "1",
        "submitted_at",
        "1",
        "crashes",
        "5",
    ];
    world.redis.command::<u64>(&old).await;
    let (code, text) = resolve(&world, "A-1~lost-answer", "resubmit");
    assert_eq!(code, 0, "{text}");
    let _worker = world.worker();
    let result = world.result("A-1~lost-answer").await;
    assert_fields!(result, { "status": "completed", "source": "query" });
    assert_eq!(result["accepted_at"], "1");
    assert_eq!(world.charge_count("A-1~lost-answer"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn resubmit_refuses_order_past_deadline() {
    let world = World::start();
    let ledger = world.ledger();
    enqueue_for_review(&world, &ledger, "A-1", false).await;
    backdate_submission(&world, "A-1").await;
    let late = ["HSET", "{hp}:order:A-1", "deadline", "1"];
    world.redis.command::<u64>(&late).await;
    let (code, text) = resolve(&world, "A-1", "resubmit");
    assert!(code == 1 && text.contains("deadline"), "{text}");
    assert_eq!(world.record("A-1").await["state"], "review");
    assert_eq!(resolve(&world, "A-1", "not-charged").0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_misconfiguration_pauses_no_queue() {
    let world = World::start();
    let ledger = world.ledger();
    enqueue_for_review(&world, &ledger, "A-1", true).await;
    let slip = world.settings(&[("HP_API__APP_SECRET", "another-secret")]);
    for words in [
        &["reconcile", "--once"][..],
        &["resolve", "A-1", "--as", "completed", "--why", "ticket 42"],
    ] {
        let output = Worker::output(words, &slip);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains("refuses this account"), "{text}");
    }
    assert_eq!(world.inspector().paused().await.unwrap(), None);
    assert_eq!(world.record("A-1").await["state"], "review");
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_commands_refuse_paused_queue() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, gave_up()).await;
    world.control().pause("stocktaking", "Ada").await.unwrap();
    let (code, text) = run_command(&world, &["republish", "A-1"]);
    assert!(code == 2 && text.contains("stocktaking"), "{text}");
    world.control().resume("Ada").await.unwrap();
    let (_, status) = run_command(&world, &["republish", "A-1"]);
    assert_eq!(world.results("A-1", 2).await.len(), 2, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_refuses_ended_order_with_pending_replay() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, gave_up()).await;
    world.redis.command::<u64>(&["DEL", "{hp}:results"]).await;
    world
        .control()
        .request_replay(
            &"A-1".parse().unwrap(),
            world.inspector().now().await.unwrap(),
        )
        .await
        .unwrap();
    let (code, text) = run_command(&world, &["retry", "A-1"]);
    assert!(code == 1 && text.contains("has ended"), "{text}");
    let _worker = world.worker();
    assert_eq!(world.result("A-1").await["status"], "failed");
}
