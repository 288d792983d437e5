//! HitPoints, or a proxy in front of it, sends answers that nobody asked for. No order takes one for its own.

use std::time::Duration;

use e2e::{World, assert_fields};
use hp_sandbox::{Duplicate, Options};

/// A vendor that charges repeated submissions again. Its late surplus answers arrive while the next call waits for its own.
fn careless_vendor() -> Options {
    Options {
        duplicate: Duplicate::Charge,
        latency: "200ms".parse().unwrap(),
        late_surplus: Duration::from_millis(100),
        ..Options::local()
    }
}

/// Buys orders one after the other on one connection, each with this fault, and one without a fault at the end.
async fn buy_in_turn(fault: &str) -> (World, String) {
    let world = World::with_vendor(careless_vendor());
    let worker = world.worker_with(&[("HP_WORKER__CONCURRENCY", "1")]);
    let mut ids: Vec<_> = (1..=4)
        .map(|number| format!("A-{number}~{fault}"))
        .collect();
    ids.push("A-5".to_owned());
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    for (id, result) in ids.iter().zip(world.results_of_all(&ids).await) {
        assert_fields!(result, { "status": "completed", "pin_count": 1 });
        assert_eq!(world.charge_count(id), 1, "{id}");
    }
    let log = worker.log();
    (world, log)
}

#[tokio::test]
async fn late_surplus_refusal_ends_no_charged_order() {
    let (_world, log) = buy_in_turn("late-surplus").await;
    assert!(log.contains("may belong to an earlier request"), "{log}");
}

#[tokio::test]
async fn glued_surplus_refusal_reaches_no_order() {
    let (world, log) = buy_in_turn("surplus").await;
    assert!(!log.contains("may belong to an earlier request"), "{log}");
    for result in world.stream("{hp}:results").await {
        assert_fields!(result, { "source": "fetch", "attempts": 1 });
    }
}

#[tokio::test]
async fn surplus_answers_charge_each_order_once() {
    let world = World::with_vendor(Options {
        fault: ["surplus=0.2", "late-surplus=0.3", "query:late-surplus=0.2"]
            .map(|fault| fault.parse().unwrap())
            .into(),
        latency: "5ms..60ms".parse().unwrap(),
        late_surplus: Duration::from_millis(20),
        ..careless_vendor()
    });
    let _worker = world.worker_with(&[("HP_WORKER__CONCURRENCY", "4")]);
    let ids: Vec<_> = (0..150).map(|number| format!("A-{number}")).collect();
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    for (id, result) in ids.iter().zip(world.results_of_all(&ids).await) {
        assert_eq!(result["status"], "completed", "{id}");
        assert_eq!(world.charge_count(id), 1, "{id}");
    }
}
