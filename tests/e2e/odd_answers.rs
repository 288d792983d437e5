//! Answers of HitPoints that lack what only describes an order, and product lists with odd rows. Paid orders complete.

use e2e::{Worker, World, assert_fields};
use hp_sandbox::Options;
use serde_json::Value;

use crate::reconcile::report;

fn world_with_odd_products() -> World {
    World::with_vendor(Options {
        odd_products: true,
        ..Options::local()
    })
}

async fn enqueue(world: &World, id: &str, product: &str, quantity: &str) {
    world
        .enqueue_job(&[
            ("order_id", id),
            ("product_id", product),
            ("quantity", quantity),
        ])
        .await;
}

#[tokio::test]
async fn order_without_descriptive_fields_completes() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1~sparse-record", 2).await;
    let result = world.result("A-1~sparse-record").await;
    assert_fields!(result, { "status": "completed", "source": "fetch", "pin_count": 2, "total_price": "19.00" });
    assert_eq!(result.get("currency"), None);
    let pins: Vec<Value> = serde_json::from_str(&result["pins"]).unwrap();
    let charge = &world.sandbox.ledger().charges[0];
    assert_eq!(pins[1]["pin_key"], charge.cards[1].pin_key.as_str());
    for field in ["amount", "currency", "status", "create_time", "expire_time"] {
        assert_eq!(pins[0].get(field), Some(&Value::Null), "{field}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn record_without_descriptive_fields_is_shown() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1~sparse-record", 1).await;
    world.result("A-1~sparse-record").await;
    let settings = world.settings(&[]);
    let shown = Worker::output(&["record", "A-1~sparse-record"], &settings);
    assert!(shown.status.success());
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(
        text.contains("completed") && text.contains("9.50 (9.50 each)"),
        "{text}"
    );
    let results = Worker::output(&["results", "--json"], &settings);
    assert!(results.status.success());
}

#[tokio::test]
async fn odd_products_are_skipped_and_the_rest_is_kept() {
    let world = world_with_odd_products();
    let worker = world.worker();
    // HitPoints decides about the skipped products; the list decides about all others.
    for (id, product, quantity) in [("A-5", "5", "2"), ("A-9", "9", "1"), ("A-32", "32", "1")] {
        enqueue(&world, id, product, quantity).await;
        assert_eq!(world.result(id).await["status"], "completed", "{id}");
    }
    enqueue(&world, "A-5-many", "5", "101").await;
    let result = world.result("A-5-many").await;
    assert_fields!(result, { "status": "failed", "code": "400100" });
    enqueue(&world, "A-999", "999", "1").await;
    let result = world.result("A-999").await;
    assert_fields!(result, { "status": "rejected", "reason": "unknown_product" });
    enqueue(&world, "A-2", "2", "21").await;
    let result = world.result("A-2").await;
    assert_fields!(result, { "status": "rejected", "reason": "quantity_over_limit" });
    let log = worker.log();
    for reason in [
        "max_fetch_quantity: missing",
        "par_value: money is",
        "currency: a currency is",
    ] {
        assert_eq!(log.matches(reason).count(), 1, "{reason} in {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn order_in_an_odd_currency_completes() {
    let world = world_with_odd_products();
    let _worker = world.worker();
    enqueue(&world, "A-32", "32", "2").await;
    let result = world.result("A-32").await;
    assert_fields!(result, {
        "status": "completed", "source": "fetch", "currency": "USDT",
        "unit_price": "9.40", "total_price": "18.80"
    });
    let pins: Vec<Value> = serde_json::from_str(&result["pins"]).unwrap();
    assert_eq!(
        (&pins[0]["currency"], &pins[0]["amount"]),
        (&"USDT".into(), &"10.00".into())
    );

    let settings = world.settings(&[]);
    for command in [&["record", "A-32"][..], &["results"]] {
        let shown = Worker::output(command, &settings);
        let text = String::from_utf8(shown.stdout).unwrap();
        assert!(
            shown.status.success() && text.contains("USDT"),
            "{command:?}: {text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn audit_sums_up_orders_by_odd_currency() {
    let world = world_with_odd_products();
    let _worker = world.worker();
    enqueue(&world, "A-32", "32", "2").await;
    enqueue(&world, "A-2~sparse-record", "2", "1").await;
    for id in ["A-32", "A-2~sparse-record"] {
        assert_eq!(world.result(id).await["status"], "completed");
    }
    let (code, report) = report(&world, &["--once", "--audit", "--since", "1h"]);
    assert_eq!(code, 0, "{report:#}");
    let sums = &report["audit"]["totals"]["by_currency"];
    assert_eq!(
        (&sums["USDT"]["amount"], &sums["-"]["amount"]),
        (&"18.80".into(), &"9.50".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn products_command_names_skipped_products() {
    let world = world_with_odd_products();
    let shown = Worker::output(&["products"], &world.settings(&[]));
    assert!(shown.status.success());
    let errors = String::from_utf8(shown.stderr).unwrap();
    for product in ["product 5", "product 9", "product 32"] {
        assert!(errors.contains(&format!("skipped {product}")), "{errors}");
    }
    let lines = String::from_utf8(shown.stdout).unwrap();
    // The head, the products, and the note about open values.
    assert_eq!(lines.lines().count(), 1 + 3 + 2, "{lines}");
}
