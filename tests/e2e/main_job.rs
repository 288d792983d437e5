//! The main job: an order goes in, its cards come out, and it is charged once.

use e2e::World;
use serde_json::Value;

#[tokio::test]
async fn an_order_put_in_by_xadd_is_bought_once_and_its_cards_come_out() {
    let world = World::start();
    let _worker = world.worker();
    world.order("A-1", 3).await;

    let result = world.result("A-1").await;
    let said = |field: &str| result[field].as_str();
    assert_eq!(
        (said("status"), said("source"), said("attempts")),
        ("completed", "fetch", "1")
    );
    assert_eq!(
        (said("product_id"), said("quantity"), said("pin_count")),
        ("2", "3", "3")
    );
    assert_eq!(said("pins_encoding"), "json");
    assert!(
        !result.contains_key("reason")
            && !result.contains_key("code")
            && !result.contains_key("replay_of")
    );
    assert!(said("accepted_at") <= said("finished_at"));

    let ledger = world.sandbox.ledger();
    assert_eq!((ledger.charges.len(), ledger.charges[0].times), (1, 1));
    assert_eq!(
        said("total_price"),
        ledger.charges[0].total_price.to_string()
    );
    let pins: Vec<Value> = serde_json::from_str(said("pins")).unwrap();
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
async fn an_ended_order_leaves_the_inbox_the_schedule_and_the_open_orders() {
    let world = World::start();
    let _worker = world.worker();
    world.order("A-1", 1).await;
    let result = world.result("A-1").await;

    let record = world.record("A-1").await;
    assert_eq!(
        (record["state"].as_str(), record["attempts"].as_str()),
        ("completed", "1")
    );
    assert_eq!(record["result"], result["entry"]);
    assert_eq!(world.redis.run::<u64>(&["XLEN", "{hp}:jobs"]).await, 0);
    for key in ["{hp}:schedule", "{hp}:open", "{hp}:rejected"] {
        assert_eq!(
            world.redis.run::<u64>(&["EXISTS", key]).await,
            0,
            "{key} holds something"
        );
    }
    let days = world.redis.run::<i64>(&["PTTL", "{hp}:order:A-1"]).await / 86_400_000;
    assert_eq!(days, 6, "the record is kept for seven days");
}

#[tokio::test]
async fn two_workers_share_many_orders_and_none_is_charged_twice() {
    let world = World::start();
    let _workers = [world.worker(), world.worker()];
    for n in 0..200 {
        world.order(&format!("A-{n}"), 1 + n % 3).await;
    }
    for n in 0..200 {
        let result = world.result(&format!("A-{n}")).await;
        assert_eq!(result["status"], "completed");
    }
    let ledger = world.sandbox.ledger();
    assert_eq!(ledger.charges.len(), 200);
    assert!(ledger.charges.iter().all(|charge| charge.times == 1));
    assert_eq!(world.stream("{hp}:results").await.len(), 200);
}

#[tokio::test]
async fn no_card_key_and_no_secret_is_in_the_ledger_or_in_a_log() {
    let world = World::start();
    let mut worker = world.worker_with(&[("HP_LOG__FILTER", "trace")]);
    for (id, quantity) in [
        ("A-1", 2),
        ("A-2~lost-answer", 1),
        ("A-3~short", 2),
        ("A-4~bad-signature", 1),
    ] {
        world.order(id, quantity).await;
        assert_eq!(world.result(id).await["status"], "completed");
    }
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(worker.ended().await.success());
    let mut seen = worker.log();
    assert!(seen.contains("A-4~bad-signature"), "the log tells nothing");
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
