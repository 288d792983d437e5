//! Another program changes orders, or has filled the queue before the sets of states existed.

use e2e::World;
use hp_order::Event;
use hp_queue::{Account, OpenOrders};

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one},
    obstacles::review,
    reconcile::lost,
};

async fn open_orders(world: &World) -> OpenOrders {
    let metrics = world.inspector().metrics().await.unwrap();
    metrics.open_orders.unwrap()
}

/// One order that was never sent, one in doubt, one in review.
async fn three_orders(world: &World) {
    let ledger = world.ledger();
    for (id, event) in [("A-1", Event::Released), ("A-2", lost())] {
        world.enqueue(id, 1).await;
        apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, event).await;
    }
    review(world, "A-3").await;
}

const THREE: OpenOrders = OpenOrders {
    queued: 1,
    submitting: 0,
    uncertain: 1,
    waiting: 0,
    review: 1,
};

async fn delete_sets(world: &World) {
    for state in ["queued", "uncertain", "waiting", "review"] {
        let set = format!("{{hp}}:state:{state}");
        world.redis.command::<u64>(&["DEL", &set]).await;
    }
}

/// Examines these orders as a reconciliation run does, and leaves them as they are.
async fn examine(world: &World, ids: &[&str]) {
    let ledger = world.ledger();
    // The run has no permit to claim, so it only repairs.
    ledger
        .claim_for_run(0, LONG_LEASE, ids, true)
        .await
        .unwrap();
    ledger
        .claim_for_run(3, LONG_LEASE, ids, true)
        .await
        .unwrap();
}

#[tokio::test]
async fn run_fills_the_sets_of_an_older_queue() {
    let world = World::start();
    three_orders(&world).await;
    delete_sets(&world).await;
    let submitting = OpenOrders {
        submitting: 3,
        ..OpenOrders::default()
    };
    assert_eq!(open_orders(&world).await, submitting);
    examine(&world, &["A-1", "A-2", "A-3"]).await;
    assert_eq!(open_orders(&world).await, THREE);
}

#[tokio::test]
async fn run_corrects_sets_that_are_wrong() {
    let world = World::start();
    three_orders(&world).await;
    for (state, id) in [
        ("waiting", "A-1"),
        ("review", "A-2"),
        ("queued", "A-3"),
        ("waiting", "gone"),
    ] {
        let set = format!("{{hp}}:state:{state}");
        world.redis.command::<u64>(&["SADD", &set, id]).await;
    }
    let orders = open_orders(&world).await;
    let sum = orders.queued + orders.submitting + orders.uncertain + orders.waiting + orders.review;
    assert_eq!(sum, 3, "never more than there are");
    examine(&world, &["A-1", "A-2", "A-3"]).await;
    assert_eq!(open_orders(&world).await, THREE);
}

#[tokio::test]
async fn deleted_record_leaves_the_sets() {
    let world = World::start();
    three_orders(&world).await;
    // A-1 is due, and the others are found by a run.
    for id in ["A-1", "A-2", "A-3"] {
        world
            .redis
            .command::<u64>(&["DEL", &format!("{{hp}}:order:{id}")])
            .await;
    }
    examine(&world, &["A-1", "A-2", "A-3"]).await;
    assert_eq!(open_orders(&world).await, OpenOrders::default());
    for state in ["queued", "uncertain", "review"] {
        let set = format!("{{hp}}:state:{state}");
        let left: u64 = world.redis.command(&["SCARD", &set]).await;
        assert_eq!(left, 0, "{state}");
    }
}

#[tokio::test]
async fn order_that_is_in_no_index_leaves_the_sets() {
    let world = World::start();
    three_orders(&world).await;
    for words in [
        ["DEL", "{hp}:order:A-3", "{hp}:none"],
        ["ZREM", "{hp}:open", "A-3"],
        ["ZREM", "{hp}:schedule", "A-3"],
    ] {
        world.redis.command::<u64>(&words).await;
    }
    assert_eq!(open_orders(&world).await.review, 1);
    examine(&world, &["A-1"]).await;
    assert_eq!(open_orders(&world).await, OpenOrders { review: 0, ..THREE });
}

#[tokio::test]
async fn switched_account_moves_orders_to_review() {
    let world = World::start();
    three_orders(&world).await;
    let (old, new) = (
        world.account(),
        Account::new("other", &world.sandbox.base_url()),
    );
    let handle = world.handle();
    let words = ["HSET", "{hp}:queue", "account", old.as_str()];
    world.redis.command::<u64>(&words).await;
    let switch = handle
        .switch_account(&old, &new, ("Ada", "a test"), true)
        .await
        .unwrap();
    assert!(switch.is_switched);
    let moved = OpenOrders {
        uncertain: 0,
        review: 2,
        ..THREE
    };
    assert_eq!(open_orders(&world).await, moved);
}

#[tokio::test]
async fn set_that_cannot_be_written_stops_no_order() {
    let world = World::start();
    for key in ["state:uncertain", "state:queued", "spent", "own_streams"] {
        world
            .redis
            .command::<()>(&["SET", &format!("{{hp}}:{key}"), "no set"])
            .await;
    }
    let _worker = world.worker();
    let stream = "{hp}:results:own";
    for id in ["A-1~timeout-before", "A-2"] {
        let job = [
            ("order_id", id),
            ("product_id", "2"),
            ("quantity", "1"),
            ("reply_to", stream),
        ];
        world.enqueue_job(&job).await;
        assert_eq!(
            world.results_in(stream, id, 1).await[0]["status"],
            "completed"
        );
        assert_eq!(world.charge_count(id), 1);
    }
}
