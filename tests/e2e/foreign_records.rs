//! A record of HitPoints that belongs to another order with the same id: of another queue on the same account, or of the time
//! before the ledger forgot the id. No shop gets its cards.

use e2e::{Entry, Redis, Worker, World, assert_fields};
use hp_order::Event;
use hp_sandbox::{Duplicate, Options};
use nix::sys::signal::Signal;

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one, gave_up},
    reconcile::{charge, report},
};

const SHOPS: [&str; 2] = ["{shop1}", "{shop2}"];
const TOLERANCE: (&str, &str) = ("HP_API__CLOCK_TOLERANCE", "1s");
const EVIDENCE: &str = "belongs to another order with this id";

/// A world on a single server: the tests read queues that are in other slots of a cluster.
fn world(duplicate: Duplicate) -> World {
    let vendor = Options {
        duplicate,
        ..Options::local()
    };
    World::with_redis(Redis::single(), vendor)
}

/// Waits until a record that HitPoints created before this call is certainly older than the next order.
async fn outwait_tolerance(world: &World) {
    let until = world.now().await + 3500;
    let passed = || async { (world.now().await >= until).then_some(()) };
    world.redis.wait_until("a later time", passed).await;
}

fn shop_worker(world: &World, prefix: &str) -> Worker {
    world.worker_with(&[TOLERANCE, ("HP_QUEUE__PREFIX", prefix)])
}

/// Enqueues order 1001 in the queue of a shop.
async fn enqueue(world: &World, prefix: &str) {
    let jobs = format!("{prefix}:jobs");
    let order = ["order_id", "1001", "product_id", "2", "quantity", "1"];
    let words = [&["XADD", &jobs, "*"], &order[..]].concat();
    world.redis.command::<String>(&words).await;
}

/// Waits until order 1001 of this queue is in review, and returns its record. Asserts that its shop got no cards.
async fn assert_in_review(world: &World, prefix: &str) -> Entry {
    let key = format!("{prefix}:order:1001");
    let in_review = || async {
        let record: Entry = world.redis.command(&["HGETALL", &key]).await;
        let state = record.get("state").map(String::as_str);
        (state == Some("review")).then_some(record)
    };
    let record = world.redis.wait_until("1001 in review", in_review).await;
    let message = &record["message"];
    assert!(message.contains(EVIDENCE), "{message}");
    let results = world.stream(&format!("{prefix}:results")).await;
    assert!(results.is_empty(), "{results:?}");
    record
}

/// Runs a command with the tolerance of the workers. Returns its exit code and its output.
fn command(world: &World, words: &[&str]) -> (i32, String) {
    let output = Worker::output(words, &world.settings(&[TOLERANCE]));
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    (output.status.code().unwrap(), text)
}

fn resolve(world: &World, decision: &str) -> (i32, String) {
    let why = ["--why", "ticket 42", "--by", "Ada"];
    command(
        world,
        &[&["resolve", "1001", "--as", decision], &why[..]].concat(),
    )
}

#[tokio::test]
async fn shops_with_one_order_id_do_not_share_cards() {
    for duplicate in [Duplicate::Exists, Duplicate::Locked, Duplicate::Replay] {
        let world = world(duplicate);
        let _workers = SHOPS.map(|prefix| shop_worker(&world, prefix));
        enqueue(&world, SHOPS[0]).await;
        let first = world.results_in("{shop1}:results", "1001", 1).await;
        assert_eq!(first[0]["status"], "completed");
        outwait_tolerance(&world).await;
        enqueue(&world, SHOPS[1]).await;
        assert_in_review(&world, SHOPS[1]).await;
        assert_eq!(world.charge_count("1001"), 1);
    }
}

#[tokio::test]
async fn order_id_is_not_bought_again_after_retention() {
    for duplicate in [Duplicate::Exists, Duplicate::Replay] {
        let world = world(duplicate);
        let _worker = shop_worker(&world, "{hp}");
        enqueue(&world, "{hp}").await;
        world.result("1001").await;
        outwait_tolerance(&world).await;
        // The retention of the ledger and of the results ends.
        let expired = ["DEL", "{hp}:order:1001", "{hp}:results"];
        world.redis.command::<u64>(&expired).await;
        enqueue(&world, "{hp}").await;
        let record = assert_in_review(&world, "{hp}").await;
        assert_fields!(record, { "attempts": "1", "claim": if duplicate == Duplicate::Exists { "2" } else { "1" } });
        assert_eq!(world.charge_count("1001"), 1);
    }
}

/// A world with order 1001 in review: HitPoints answered it with an older record.
async fn disputed_order() -> World {
    let world = world(Duplicate::Replay);
    let mut worker = shop_worker(&world, "{shop1}");
    enqueue(&world, "{shop1}").await;
    world.results_in("{shop1}:results", "1001", 1).await;
    outwait_tolerance(&world).await;
    worker.signal(Signal::SIGTERM);
    worker.wait_for_exit().await;
    let _worker = shop_worker(&world, "{hp}");
    enqueue(&world, "{hp}").await;
    assert_in_review(&world, "{hp}").await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_record_stays_in_review_for_every_query() {
    let world = disputed_order().await;
    let (_, shown) = command(&world, &["order", "1001"]);
    assert!(shown.contains(EVIDENCE), "{shown}");
    let (_, shown) = command(&world, &["record", "1001", "--json"]);
    assert!(shown.contains("\"age\":"), "{shown}");
    let (_, dry) = report(&world, &["--dry-run"]);
    assert_eq!(dry["preview"][0]["to"], "review");
    report(&world, &["--once"]);
    assert_in_review(&world, "{hp}").await;
    for decision in ["not-charged", "resubmit"] {
        let (code, text) = resolve(&world, decision);
        assert!(code == 1 && text.contains(EVIDENCE), "{text}");
        assert_in_review(&world, "{hp}").await;
    }
    assert_eq!(command(&world, &["retry", "1001"]).0, 0);
    assert_eq!(world.record("1001").await["state"], "uncertain");
    let _worker = shop_worker(&world, "{hp}");
    assert_in_review(&world, "{hp}").await;
    assert_eq!(world.charge_count("1001"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_accepts_older_record() {
    let world = disputed_order().await;
    let (code, text) = resolve(&world, "completed");
    assert_eq!(code, 0, "{text}");
    let result = world.result("1001").await;
    assert_fields!(result, { "status": "completed", "source": "reconcile", "pin_count": "1" });
    let history = &world.record("1001").await["history"];
    assert!(
        history.contains("resolved as completed by Ada: ticket 42"),
        "{history}"
    );
    // A replay gets the cards that the operator accepted.
    world.redis.command::<u64>(&["DEL", "{hp}:results"]).await;
    let _worker = shop_worker(&world, "{hp}");
    enqueue(&world, "{hp}").await;
    assert_fields!(world.result("1001").await, { "status": "completed", "source": "query" });
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_closes_older_record_when_none_can_arrive() {
    let world = disputed_order().await;
    let (code, text) = resolve(&world, "closed");
    assert!(code == 1 && text.contains("may still arrive"), "{text}");
    assert_eq!(world.record("1001").await["state"], "review");
    let key = "{hp}:order:1001";
    let first = &world.record("1001").await["submitted_at"];
    let long_ago = ["submitted_at", "1", "first_submitted_at", first];
    world
        .redis
        .command::<u64>(&[&["HSET", key], &long_ago[..]].concat())
        .await;
    let (code, text) = resolve(&world, "closed");
    assert_eq!(code, 0, "{text}");
    let result = world.result("1001").await;
    assert_fields!(result, { "status": "failed", "reason": "closed" });
    assert!(result["detail"].contains(EVIDENCE), "{}", result["detail"]);
}

#[tokio::test]
async fn slow_answer_belongs_to_its_order() {
    let world = World::with_vendor(Options {
        latency: "5s".parse().unwrap(),
        ..Options::local()
    });
    let slow = [
        TOLERANCE,
        ("HP_API__TIMEOUT", "20s"),
        ("HP_RETRY__RESUBMIT_AFTER", "30s"),
    ];
    let _worker = world.worker_with(&slow);
    world.enqueue("A-1", 1).await;
    let result = world.result("A-1").await;
    assert_fields!(result, { "status": "completed", "source": "fetch" });
}

#[tokio::test(flavor = "multi_thread")]
async fn record_of_order_never_submitted_goes_to_review() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("1001", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    apply_event(&ledger, &claim, Event::BalanceHeld(LONG_LEASE)).await;
    charge(&world, &claim).await;
    let (_, dry) = report(&world, &["--order", "1001", "--dry-run"]);
    let preview = &dry["preview"][0];
    assert_fields!(preview, { "from": "queued", "to": "review" });
    report(&world, &["--order", "1001"]);
    let record = assert_in_review(&world, "{hp}").await;
    assert!(record["message"].contains("never submitted"), "{record:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_tells_foreign_records_from_own() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("1001", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    apply_event(&ledger, &claim, gave_up()).await;
    charge(&world, &claim).await;
    let (_, report) = report(&world, &["--once", "--audit", "--since", "1h"]);
    assert_fields!(report, { "audit.disagreed": 1 });
    let charged = &report["audit"]["totals"]["by_currency"];
    assert_eq!(
        *charged,
        serde_json::json!({}),
        "it is not a charge of this queue"
    );
    let what = report["audit"]["disagreements"][0]["what"]
        .as_str()
        .unwrap();
    assert!(what.contains(EVIDENCE), "{what}");
}

#[tokio::test]
async fn replay_needs_record_of_first_result() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    let own = world.record("A-1").await["hp_order_id"].clone();
    let set = async |number: &str| {
        let words = ["HSET", "{hp}:order:A-1", "hp_order_id", number];
        world.redis.command::<u64>(&words).await
    };
    set("999999").await;
    world.redis.command::<u64>(&["DEL", "{hp}:results"]).await;
    world.enqueue("A-1", 1).await;
    let queried = || async {
        let record = world.record("A-1").await;
        let settled: u64 = record["settled"].parse().ok()?;
        (settled >= 3).then_some(())
    };
    world.redis.wait_until("two queries", queried).await;
    assert_eq!(world.stream("{hp}:results").await.len(), 0);
    set(&own).await;
    assert_fields!(world.result("A-1").await, { "status": "completed", "source": "query" });
}
