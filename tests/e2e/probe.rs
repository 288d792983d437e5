//! What HitPoints answers for an order that does not exist is learned only while it gives the orders that do: a vendor
//! in trouble, which denies every record alike, has nothing charged twice.

use e2e::{Entry, Worker, World};
use hp_sandbox::{Duplicate, Options, Sandbox};
use nix::sys::signal::Signal;

/// Every query, whatever for, is answered with a code that is not the one for orders that do not exist.
const TROUBLE: &str = "query:code-400124";
const UNLEARNED: &str = "nothing is learned about orders that do not exist";
const RESUBMIT_AFTER: u64 = 2500;

/// A vendor that charges every repetition.
fn careless() -> Options {
    Options {
        duplicate: Duplicate::Charge,
        ..Options::local()
    }
}

/// A worker that does not wait for long before it submits again what certainly was not charged.
fn hasty(world: &World, more: &[(&str, &str)]) -> Worker {
    let hasty = [
        ("HP_WORKER__LEASE", "1s"),
        ("HP_API__TIMEOUT", "1s"),
        ("HP_RETRY__RESUBMIT_AFTER", "2500ms"),
    ];
    world.worker_with(&[&hasty, more].concat())
}

/// Buys an order by a worker that is gone afterwards.
async fn bought_before(world: &World, id: &str) {
    let mut worker = world.worker();
    world.order(id, 1).await;
    world.result(id).await;
    worker.signal(Signal::SIGTERM);
    worker.ended().await;
}

/// The record of an order that has been asked about for longer than "not found" needs to count.
async fn asked_about_for_long(world: &World, id: &str) -> Entry {
    let seen = world.redis.until("many queries", || async {
        let record = world.record(id).await;
        let time = |name| record.get(name)?.parse::<u64>().ok();
        let long = time("updated_at")? > time("submitted_at")? + RESUBMIT_AFTER + 1500;
        (long || record["attempts"] != "1").then_some(record)
    });
    seen.await
}

/// Buys an order whose answer is lost, while HitPoints denies all records until the order was asked about for long.
async fn buy_in_trouble(world: &World, id: &str) {
    world.order(id, 1).await;
    let record = asked_about_for_long(world, id).await;
    assert_eq!(
        (record["state"].as_str(), record["attempts"].as_str()),
        ("uncertain", "1")
    );
    world.sandbox.clear_faults();
    let result = world.result(id).await;
    assert_eq!(
        (result["status"].as_str(), result["source"].as_str()),
        ("completed", "query")
    );
    assert_eq!(world.charged(id), 1);
}

#[tokio::test]
async fn a_worker_that_starts_while_every_record_is_denied_submits_nothing_again() {
    let world = World::with(careless());
    bought_before(&world, "A-0").await;
    world.sandbox.set_fault(TROUBLE, 1.0).unwrap();
    let worker = hasty(&world, &[]);
    worker.said(UNLEARNED).await;
    buy_in_trouble(&world, "A-1~lost-answer").await;
}

#[tokio::test]
async fn a_worker_asks_about_the_last_charge_before_it_believes_a_denial_though_its_result_is_gone()
{
    let world = World::with(careless());
    let _worker = hasty(&world, &[]);
    world.order("A-0", 1).await;
    world.result("A-0").await;
    world.redis.run::<u64>(&["DEL", "{hp}:results"]).await;
    world.sandbox.set_fault(TROUBLE, 1.0).unwrap();
    buy_in_trouble(&world, "A-1~lost-answer").await;
}

#[tokio::test]
async fn a_trouble_with_another_code_does_not_replace_what_was_learned() {
    let world = World::with(careless());
    bought_before(&world, "A-0").await;
    // Each run has the probe ask again.
    let worker = hasty(&world, &[("HP_RECONCILE__SCHEDULE", "* * * * * *")]);
    worker.said("learned what HitPoints answers").await;
    world.sandbox.set_fault(TROUBLE, 1.0).unwrap();
    worker.said(UNLEARNED).await;
    buy_in_trouble(&world, "A-1~lost-answer").await;
    world.order("A-2~drop-before", 1).await;
    assert_eq!(world.result("A-2~drop-before").await["attempts"], "2");
    assert_eq!(worker.log().matches("learned what HitPoints").count(), 1);
}

#[tokio::test]
async fn a_trouble_in_the_very_words_for_what_does_not_exist_is_not_believed() {
    let world = World::with(careless());
    bought_before(&world, "A-0").await;
    let worker = hasty(&world, &[]);
    worker.said("learned what HitPoints answers").await;
    world.sandbox.set_fault("query:code-400100", 1.0).unwrap();
    buy_in_trouble(&world, "A-1~lost-answer").await;
    let log = worker.log();
    assert!(log.contains("does not give order A-0 either"), "{log}");
}

#[tokio::test]
async fn a_record_that_hitpoints_has_deleted_is_in_the_way_only_until_the_next_order_is_charged() {
    let world = World::with(careless());
    bought_before(&world, "A-0").await;
    let forgetful = Sandbox::start(careless()).unwrap();
    let worker = hasty(&world, &[("HP_API__BASE_URL", &forgetful.base_url())]);
    worker.said("that record is gone").await;
    world.order("A-1~drop-before", 1).await;
    let record = asked_about_for_long(&world, "A-1~drop-before").await;
    assert_eq!(record["state"], "uncertain");
    world.order("A-2", 1).await;
    let result = world.result("A-1~drop-before").await;
    assert_eq!(result["attempts"], "2");
}

#[tokio::test]
async fn the_last_charge_is_known_wherever_its_result_went_and_only_if_it_can_be_read() {
    let world = World::start();
    assert_eq!(world.inspector().last_charged().await.unwrap(), None);
    {
        let _worker = world.worker();
        let own = ["reply_to", "{hp}:results:till-7"];
        let order = [("order_id", "A-0"), ("product_id", "2"), ("quantity", "3")];
        world.put(&[&order[..], &[(own[0], own[1])]].concat()).await;
        world.results_in(own[1], "A-0", 1).await;
    }
    let last = world.inspector().last_charged().await.unwrap().unwrap();
    assert_eq!(last.order_id.as_str(), "A-0");
    assert_eq!((last.product_id.get(), last.quantity.get()), (2, 3));
    let spoil = ["HSET", "{hp}:charged", "quantity", "three"];
    world.redis.run::<u64>(&spoil).await;
    assert_eq!(world.inspector().last_charged().await.unwrap(), None);
}
