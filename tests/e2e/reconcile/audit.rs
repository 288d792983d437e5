//! Orders that have ended, held against HitPoints' records.

use e2e::World;

use super::{charge, claimed, report};
use crate::by_hand::{refused, settle};

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
async fn what_hitpoints_has_charged_is_in_the_totals_though_the_ledger_disagrees() {
    let world = World::start();
    let ledger = world.ledger();
    let order = claimed(&world, &ledger, "A-1").await;
    charge(&world, &order).await;
    settle(&ledger, &order, refused()).await;
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
