//! Lists of orders: filters, and the newest of the ended ones.

use e2e::{Worker, World};
use hp_order::Event;
use serde_json::Value;

use crate::claims::{LONG_LEASE, apply_event, claim_one, gave_up};

fn run(world: &World, more: &[&str]) -> (Option<i32>, String) {
    let words = [&["orders"], more].concat();
    let output = Worker::output(&words, &world.settings(&[]));
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn listed(world: &World, more: &[&str]) -> Vec<String> {
    let (code, text) = run(world, &[more, &["--json"]].concat());
    assert_eq!(code, Some(0), "{text}");
    let id = |line| {
        let order: Value = serde_json::from_str(line).unwrap();
        order["order_id"].as_str().unwrap().to_owned()
    };
    text.lines().map(id).collect()
}

async fn set(world: &World, id: &str, field: &str, at: u64) {
    let key = format!("{{hp}}:order:{id}");
    let words = ["HSET", &key, field, &at.to_string()];
    world.redis.command::<u64>(&words).await;
}

/// Ends orders of product 2, one for each of these ages of their ends, in hours.
async fn end_orders(world: &World, ages: &[(&str, u64)]) {
    let ledger = world.ledger();
    let now = world.now().await;
    for (id, hours) in ages {
        world.enqueue(id, 1).await;
        apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, gave_up()).await;
        set(world, id, "accepted_at", now - 100 * 3_600_000).await;
        set(world, id, "finished_at", now - hours * 3_600_000).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limit_keeps_the_newest_ended_orders() {
    let world = World::start();
    // Their ids are in no order, as those of shops.
    let ages = [("m", 4), ("a", 1), ("z", 9), ("k", 2), ("b", 7), ("y", 3)];
    end_orders(&world, &ages).await;
    let failed = ["--state", "failed"];
    let newest = |n| listed(&world, &[&failed[..], &["--limit", n]].concat());
    assert_eq!(newest("3"), ["a", "k", "y"]);
    assert_eq!(newest("1"), ["a"]);
    assert_eq!(newest("0"), [""; 0]);
    assert_eq!(listed(&world, &failed), ["a", "k", "y", "m", "b", "z"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn period_counts_from_the_end_of_an_order() {
    let world = World::start();
    end_orders(&world, &[("a", 1), ("b", 30), ("c", 60)]).await;
    let failed = |more: &[&str]| listed(&world, &[&["--state", "failed"], more].concat());
    assert_eq!(failed(&["--since", "24h"]), ["a"]);
    assert_eq!(failed(&["--since", "2d"]), ["a", "b"]);
    assert_eq!(failed(&["--until", "24h"]), ["b", "c"]);
    assert_eq!(failed(&["--since", "40h", "--until", "24h"]), ["b"]);
    assert_eq!(failed(&["--since", "2099-01-01"]), [""; 0]);
    let at = (world.now().await - 40 * 3_600_000).to_string();
    assert_eq!(failed(&["--until", &at]), ["c"]);
    let (code, text) = run(&world, &["--since", "yesterday"]);
    assert!(code == Some(2) && text.contains("2026-12-31"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn open_orders_are_filtered_by_product_and_admission() {
    let world = World::start();
    let ledger = world.ledger();
    for (id, product) in [("a", "2"), ("b", "5"), ("c", "2"), ("d", "9")] {
        let job = [("order_id", id), ("product_id", product), ("quantity", "1")];
        world.enqueue_job(&job).await;
        let held = Event::BalanceHeld(LONG_LEASE);
        apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, held).await;
    }
    assert_eq!(listed(&world, &["--product", "2"]), ["a", "c"]);
    assert_eq!(
        listed(&world, &["--product", "9", "--product", "5"]),
        ["b", "d"]
    );
    assert_eq!(listed(&world, &["--product", "71"]), [""; 0]);
    let two_days_ago = world.now().await - 48 * 3_600_000;
    set(&world, "a", "accepted_at", two_days_ago).await;
    assert_eq!(listed(&world, &["--since", "1h"]), ["b", "c", "d"]);
    assert_eq!(listed(&world, &["--until", "1h"]), ["a"]);
}
