//! An audit compares ended orders with HitPoints' records.

use e2e::{World, assert_fields};

use super::{charge_order, report};
use crate::claims::end_as_refused;

#[tokio::test(flavor = "multi_thread")]
async fn audit_finds_orders_that_differ_from_records() {
    let world = World::start();
    {
        let _worker = world.worker();
        for id in ["A-1", "A-2", "A-3"] {
            world.enqueue(id, 2).await;
            world.result(id).await;
        }
        let unknown = [
            ("order_id", "A-4"),
            ("product_id", "777"),
            ("quantity", "1"),
        ];
        world.enqueue_job(&unknown).await;
        assert_eq!(world.result("A-4").await["status"], "rejected");
    }
    let audit = ["--once", "--audit", "--since", "1h"];
    let (code, agreed) = report(&world, &audit);
    assert_eq!(code, 0, "{agreed:#}");
    assert_fields!(agreed, { "audit.agreed": 4 });
    let books = world.sandbox.ledger();
    let cny = &agreed["audit"]["totals"]["by_currency"]["CNY"];
    assert_fields!(cny, { "orders": 3, "cards": 6 });
    assert_eq!(cny["amount"], books.totals.charged["CNY"].to_string());
    assert_eq!(&agreed["audit"]["totals"]["by_product"]["2"]["CNY"], cny);

    let failed = ["state", "failed", "reason", "gave_up", "source", "worker"];
    world
        .redis
        .command::<u64>(&[&["HSET", "{hp}:order:A-1"], &failed[..]].concat())
        .await;
    world
        .redis
        .command::<u64>(&["HSET", "{hp}:order:A-2", "quantity", "5"])
        .await;
    let (code, found) = report(&world, &audit);
    assert_eq!(code, 1, "{found:#}");
    assert_fields!(found, { "audit.disagreed": 2 });
    let events: Vec<_> = world.stream("{hp}:events").await;
    let is_difference = |event: &&e2e::Entry| event["event"] == "reconcile.difference";
    assert_eq!(events.iter().filter(is_difference).count(), 2);
    let (_, none) = report(&world, &["--once", "--audit", "--since", "1ms"]);
    assert_eq!(none["audit"]["compared"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_totals_include_disputed_charges() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    end_as_refused(&ledger).await;
    let order = world
        .inspector()
        .snapshot(&["A-1"])
        .await
        .unwrap()
        .remove(0);
    charge_order(&world, &order.unwrap().record.wanted).await;
    let (code, report) = report(&world, &["--once", "--audit", "--since", "1h"]);
    assert_eq!(code, 1);
    assert_fields!(report, { "audit.disagreed": 1 });
    let amount = &report["audit"]["totals"]["by_currency"]["CNY"]["amount"];
    let books = world.sandbox.ledger();
    assert_eq!(*amount, books.totals.charged["CNY"].to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_finds_wrong_price_without_result() {
    let world = World::start();
    {
        let _worker = world.worker();
        world.enqueue("A-1", 1).await;
        world.result("A-1").await;
    }
    world.redis.command::<u64>(&["DEL", "{hp}:results"]).await;
    let audit = ["--once", "--audit", "--since", "1h"];
    assert_eq!(report(&world, &audit).1["audit"]["agreed"], 1);
    let other = ["HSET", "{hp}:order:A-1", "total_price", "0.01"];
    world.redis.command::<u64>(&other).await;
    let (_, report) = report(&world, &audit);
    let what = &report["audit"]["disagreements"][0]["what"];
    assert!(what.as_str().unwrap().contains("CNY 0.01"), "{report:#}");
}
