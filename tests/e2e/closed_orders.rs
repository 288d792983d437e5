//! An operator closes an order whose record at HitPoints does not fit. A record that fits still completes it.

use e2e::{Worker, World, assert_fields};
use hp_order::{Event, QueryVerdict};
use hp_queue::Wait;
use hp_sandbox::Options;

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one},
    reconcile::charge,
};

/// Enqueues an order whose record gets this fault, and waits until it is in review.
async fn misfit_in_review(world: &World, id: &str) {
    world.enqueue(id, 2).await;
    world.wait_for_state(id, "review").await;
}

fn run(world: &World, words: &[&str]) -> (i32, String) {
    let output = Worker::output(words, &world.settings(&[]));
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(text).unwrap(),
    )
}

fn resolve(world: &World, id: &str, decision: &str) -> (i32, String) {
    let words = [
        "resolve",
        id,
        "--as",
        decision,
        "--why",
        "ticket 42",
        "--by",
        "Ada",
    ];
    run(world, &words)
}

#[tokio::test(flavor = "multi_thread")]
async fn misfit_refuses_other_decisions_and_says_why() {
    let world = World::start();
    let _worker = world.worker();
    let id = "A-1~wrong-record";
    misfit_in_review(&world, id).await;
    for decision in ["completed", "not-charged", "resubmit"] {
        let (code, text) = resolve(&world, id, decision);
        assert_eq!(code, 1, "{text}");
        for part in [
            "not done: HitPoints' record shows: the order has product_id",
            "--as closed",
        ] {
            assert!(text.contains(part), "{decision}: {text}");
        }
        assert_eq!(world.record(id).await["state"], "review");
    }
    assert!(world.stream("{hp}:results").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn misfit_is_closed_with_its_evidence() {
    let world = World::start();
    let _worker = world.worker();
    for (id, shows) in [
        ("A-1~wrong-record", "product_id"),
        ("A-2~short-record", "1 cards for 2 units"),
    ] {
        misfit_in_review(&world, id).await;
        let (code, text) = resolve(&world, id, "closed");
        assert_eq!(code, 0, "{text}");
        let result = world.result(id).await;
        assert_fields!(result, { "status": "failed", "reason": "closed", "source": "query" });
        assert!(result["detail"].contains(shows), "{}", result["detail"]);
        assert!(!result.contains_key("pins") && !result.contains_key("code"));
        let record = world.record(id).await;
        assert_fields!(record, { "state": "failed", "reason": "closed" });
        let history = &record["history"];
        assert!(history.contains("closed by Ada: ticket 42"), "{history}");
        let sold = &world.sandbox.ledger();
        for card in &sold.charge(id).unwrap().cards {
            let shown = format!("{result:?}{record:?}{text}");
            assert!(!shown.contains(&card.pin_key), "a card key is shown");
        }
    }
    let open: u64 = world.redis.command(&["ZCARD", "{hp}:open"]).await;
    assert_eq!(open, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_needs_a_reason() {
    let world = World::start();
    let (code, text) = run(&world, &["resolve", "A-1", "--as", "closed", "--by", "Ada"]);
    assert!(code == 2 && text.contains("--why"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_order_is_replayed_and_agrees_with_an_audit() {
    let world = World::start();
    let _worker = world.worker();
    let id = "A-1~wrong-record";
    misfit_in_review(&world, id).await;
    assert_eq!(resolve(&world, id, "closed").0, 0);
    let first = world.result(id).await;
    world.enqueue(id, 2).await;
    let results = world.results(id, 2).await;
    assert_fields!(results[1], {
        "status": "failed", "reason": "closed", "detail": first["detail"], "replay_of": first["entry"]
    });
    let (code, text) = run(&world, &["reconcile", "--audit", "--since", "1h", "--json"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(world.charge_count(id), 1);
}

/// Sends an order to review that HitPoints has charged if `is_charged`, and that has no record otherwise.
async fn enqueue_for_review(world: &World, id: &str, is_charged: bool) {
    let ledger = world.ledger();
    world.enqueue(id, 1).await;
    let claimed = claim_one(&ledger, LONG_LEASE).await;
    if is_charged {
        charge(world, &claimed).await;
    }
    let mismatch = hp_api::Mismatch::Quantity { wanted: 1, got: 2 };
    let other = Event::Queried(QueryVerdict::Mismatch(mismatch));
    apply_event(&ledger, &claimed, other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_follows_the_record_that_fits_or_is_missing() {
    let world = World::start();
    enqueue_for_review(&world, "charged", true).await;
    let (code, text) = resolve(&world, "charged", "closed");
    assert!(
        code == 1 && text.contains("not done: HitPoints has charged"),
        "{text}"
    );
    assert_eq!(world.result("charged").await["status"], "completed");

    enqueue_for_review(&world, "missing", false).await;
    let key = "{hp}:order:missing";
    world
        .redis
        .command::<u64>(&["HSET", key, "submitted_at", "1"])
        .await;
    let (code, text) = resolve(&world, "missing", "closed");
    assert!(code == 1 && text.contains("no record"), "{text}");
    assert_eq!(world.record("missing").await["state"], "review");
}

#[tokio::test(flavor = "multi_thread")]
async fn order_outside_review_is_not_closed() {
    let world = World::start();
    let _worker = world.worker();
    let id = "A-1~low-balance~wrong-record";
    world.enqueue(id, 1).await;
    world.wait_for_state(id, "waiting").await;
    let (code, text) = resolve(&world, id, "closed");
    assert!(code == 1 && text.contains("not done: "), "{text}");
    assert_eq!(world.record(id).await["state"], "waiting");
}

#[tokio::test(flavor = "multi_thread")]
async fn rust_client_reads_a_closed_order() {
    let world = World::with_vendor(Options::local());
    let _worker = world.worker();
    misfit_in_review(&world, "A-1~wrong-record").await;
    assert_eq!(resolve(&world, "A-1~wrong-record", "closed").0, 0);
    let queue = hp_queue::Queue::connect(&world.redis.url(), hp_queue::Prefix::default())
        .await
        .unwrap();
    let mut results = queue.results(None, "shop", "till").await.unwrap();
    let delivery = results.next(1, Wait::ForOne).await.unwrap().remove(0);
    let result = delivery.result.unwrap();
    assert!(result.ends_order() && result.may_be_charged());
    assert!(result.detail.unwrap().contains("product_id"));
}
