use std::collections::BTreeMap;

use e2e::World;
use hp_api::FetchCards;
use hp_queue::FirstSource;

use super::wait_for;
use crate::{
    claims::{LONG_LEASE, apply_event, claim_one},
    obstacles::{review, run},
    reconcile::{charge, charge_order, lost},
};

/// What the vendor has charged, in hundredths.
fn charged(world: &World, currency: &str) -> u64 {
    let total = world.sandbox.ledger().totals.charged[currency];
    let cents = (total * rust_decimal::Decimal::ONE_HUNDRED).trunc();
    u64::try_from(cents.mantissa()).unwrap()
}

async fn charged_today(world: &World) -> BTreeMap<String, u64> {
    let metrics = world.inspector().metrics().await.unwrap();
    metrics.charged_today.unwrap()
}

const CNY: &str = "charged_today_minor_units{currency=\"CNY\"}";
const USD: &str = "charged_today_minor_units{currency=\"USD\"}";

#[tokio::test(flavor = "multi_thread")]
async fn charges_of_today_are_what_the_vendor_charged() {
    let world = World::start();
    let worker = world.worker();
    world.enqueue("A-1", 3).await;
    world.enqueue("A-2~timeout-after", 1).await;
    for (id, product) in [("B-1", "31"), ("B-2", "9"), ("B-3", "32")] {
        let job = [("order_id", id), ("product_id", product), ("quantity", "1")];
        world.enqueue_job(&job).await;
    }
    for id in ["A-1", "A-2~timeout-after", "B-1", "B-2", "B-3"] {
        assert_eq!(world.result(id).await["status"], "completed");
    }
    // 3 and 1 of 9.50 and one of 0.99; one of 43.75 and one of 9.40.
    let wanted = [(CNY, 3899.0), (USD, 5315.0)];
    assert_eq!(
        [charged(&world, "CNY"), charged(&world, "USD")],
        [3899, 5315]
    );
    wait_for(&worker, &wanted).await;

    // A copy of a result costs nothing, whether it is still there or not.
    world.enqueue("A-1", 3).await;
    world.results("A-1", 2).await;
    let first = world.result("B-1").await;
    world
        .redis
        .command::<u64>(&["XDEL", "{hp}:results", &first["entry"]])
        .await;
    assert_eq!(run(&world, &["republish", "B-1"]).0, 0);
    world.result("B-1").await;
    world.enqueue("C-1", 1).await;
    world.result("C-1").await;
    wait_for(&worker, &[(CNY, 4849.0), (USD, 5315.0)]).await;
    assert_eq!(charged(&world, "CNY"), 4849);
}

#[tokio::test(flavor = "multi_thread")]
async fn reconciled_and_resolved_charges_count_once() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    charge(&world, &claim).await;
    apply_event(&ledger, &claim, lost()).await;
    review(&world, "A-2").await;
    let wanted = FetchCards {
        order_id: "A-2".parse().unwrap(),
        ..claim.record.wanted.clone()
    };
    charge_order(&world, &wanted).await;
    let (code, text) = run(&world, &["reconcile", "--order", "A-1"]);
    assert_eq!(code, 0, "{text}");
    let today = || charged_today(&world);
    let cny = |cents| BTreeMap::from([("CNY".to_owned(), cents)]);
    assert_eq!(today().await, cny(950));
    for _ in 0..2 {
        run(
            &world,
            &["resolve", "A-2", "--as", "completed", "--why", "a test"],
        );
        run(&world, &["reconcile", "--order", "A-1"]);
        assert_eq!(today().await, cny(1900));
    }
}

#[tokio::test]
async fn repeated_settle_call_charges_once() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    let order = charge(&world, &claim).await;
    for _ in 0..3 {
        let event = hp_order::Event::Submitted(hp_api::Outcome::Charged(Box::new(order.clone())));
        apply_event(&ledger, &claim, event).await;
    }
    let metrics = world.inspector().metrics().await.unwrap();
    assert_eq!(metrics.charged_today.unwrap()["CNY"], 950);
}

#[tokio::test]
async fn charges_start_again_with_the_day() {
    let world = World::start();
    let day = world.now().await / 86_400_000;
    let field = |days_ago, currency: &str| format!("{}:{currency}", day - days_ago);
    let old = [
        (1, "CNY", "500"),
        (1, "USD", "7"),
        (2, "EUR", "3"),
        (30, "JPY", "2"),
    ];
    for (days_ago, currency, cents) in old {
        let words = ["HSET", "{hp}:spent", &field(days_ago, currency), cents];
        world.redis.command::<u64>(&words).await;
    }
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    let order = charge(&world, &claim).await;
    let event = hp_order::Event::Submitted(hp_api::Outcome::Charged(Box::new(order)));
    apply_event(&ledger, &claim, event).await;
    let today = charged_today(&world).await;
    assert_eq!((today["CNY"], today["USD"]), (950, 0));
    let kept: Vec<String> = world.redis.command(&["HKEYS", "{hp}:spent"]).await;
    assert!(
        !kept.contains(&field(2, "EUR")) && !kept.contains(&field(30, "JPY")),
        "{kept:?}"
    );
    let left: i64 = world.redis.command(&["PTTL", "{hp}:spent"]).await;
    assert!(left > 86_400_000, "{left}");
}

#[tokio::test]
async fn number_of_currencies_is_bounded() {
    let world = World::start();
    let day = world.now().await / 86_400_000;
    for n in 0..32 {
        let words = ["HSET", "{hp}:spent", &format!("{day}:X{n}"), "1"];
        world.redis.command::<u64>(&words).await;
    }
    let ledger = world.ledger();
    for n in 0..2 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    let batch = ledger
        .claim_batch(2, LONG_LEASE, FirstSource::Inbox)
        .await
        .unwrap();
    for claim in &batch.claims {
        let order = charge(&world, claim).await;
        let event = hp_order::Event::Submitted(hp_api::Outcome::Charged(Box::new(order)));
        apply_event(&ledger, claim, event).await;
    }
    let today = charged_today(&world).await;
    assert_eq!((today.len(), today["unknown"]), (33, 1900));
}
