//! The main path: a shop enqueues an order, the worker buys it once and publishes its cards.

use e2e::{World, assert_fields};
use serde_json::Value;

#[tokio::test]
async fn order_is_bought_once_and_cards_are_published() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1", 3).await;

    let result = world.result("A-1").await;
    assert_fields!(result, { "status": "completed", "source": "fetch", "attempts": "1" });
    assert_fields!(result, { "product_id": "2", "quantity": "3", "pin_count": "3" });
    assert_eq!(result["pins_encoding"], "json");
    assert!(
        !result.contains_key("reason")
            && !result.contains_key("code")
            && !result.contains_key("replay_of")
    );
    assert!(result["accepted_at"] <= result["finished_at"]);

    let ledger = world.sandbox.ledger();
    assert_eq!((ledger.charges.len(), ledger.charges[0].times), (1, 1));
    assert_eq!(
        result["total_price"],
        ledger.charges[0].total_price.to_string()
    );
    let pins: Vec<Value> = serde_json::from_str(&result["pins"]).unwrap();
    let keys: Vec<_> = pins
        .iter()
        .map(|pin| pin["pin_key"].as_str().unwrap())
        .collect();
    let sold: Vec<_> = ledger.charges[0]
        .cards
        .iter()
        .map(|card| card.pin_key.as_str())
        .collect();
    assert_eq!(keys, sold);
    for field in [
        "pin_sn",
        "pin_key",
        "amount",
        "currency",
        "status",
        "create_time",
        "expire_time",
    ] {
        assert!(
            pins[0].get(field).is_some(),
            "{field} is missing in {}",
            pins[0]
        );
    }
}

#[tokio::test]
async fn ended_order_leaves_all_indexes() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    let result = world.result("A-1").await;

    let record = world.record("A-1").await;
    assert_fields!(record, { "state": "completed", "attempts": "1" });
    assert_eq!(record["result"], result["entry"]);
    assert_eq!(world.redis.command::<u64>(&["XLEN", "{hp}:jobs"]).await, 0);
    for key in ["{hp}:schedule", "{hp}:open", "{hp}:rejected"] {
        assert_eq!(
            world.redis.command::<u64>(&["EXISTS", key]).await,
            0,
            "{key} still exists"
        );
    }
    let days = world
        .redis
        .command::<i64>(&["PTTL", "{hp}:order:A-1"])
        .await
        / 86_400_000;
    assert_eq!(days, 6, "the record is kept for seven days");
}

#[tokio::test]
async fn two_workers_charge_each_order_once() {
    let world = World::start();
    let _workers = [world.worker(), world.worker()];
    let ids: Vec<_> = (0..200).map(|n| format!("A-{n}")).collect();
    for (id, quantity) in ids.iter().zip([1, 2, 3].into_iter().cycle()) {
        world.enqueue(id, quantity).await;
    }
    for result in world.results_of_all(&ids).await {
        assert_eq!(result["status"], "completed");
    }
    let ledger = world.sandbox.ledger();
    assert_eq!(ledger.charges.len(), 200);
    assert!(ledger.charges.iter().all(|charge| charge.times == 1));
    assert_eq!(world.stream("{hp}:results").await.len(), 200);
}

#[tokio::test]
async fn card_keys_and_secrets_stay_out_of_logs_and_ledger() {
    let world = World::start();
    let mut worker = world.worker_with(&[("HP_LOG__FILTER", "trace")]);
    for (id, quantity) in [
        ("A-1", 2),
        ("A-2~lost-answer", 1),
        ("A-3~short", 2),
        ("A-4~bad-signature", 1),
    ] {
        world.enqueue(id, quantity).await;
        assert_eq!(world.result(id).await["status"], "completed");
    }
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(worker.wait_for_exit().await.success());
    let mut seen = worker.log();
    assert!(
        seen.contains("A-4~bad-signature"),
        "the log does not name the order"
    );
    for id in ["A-1", "A-2~lost-answer", "A-3~short", "A-4~bad-signature"] {
        seen.extend(world.record(id).await.into_values());
    }
    for card in world
        .sandbox
        .ledger()
        .charges
        .iter()
        .flat_map(|charge| &charge.cards)
    {
        assert!(
            !seen.contains(&card.pin_key),
            "the key of card {} got out",
            card.pin_sn
        );
    }
    assert!(!seen.contains("demo-secret"), "the secret got out");
}
