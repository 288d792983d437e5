//! What workers have in hand while Redis loses its last writes.

use e2e::World;
use hp_order::State;
use hp_queue::{FirstSource, Settled};
use hp_sandbox::{Duplicate, Options};
use nix::sys::signal::Signal;

use crate::by_hand::{LONG, reconnect, refused, settle, take_one};

/// A vendor that charges every repetition, and takes its time.
fn slow_and_careless() -> World {
    World::with(Options {
        duplicate: Duplicate::Charge,
        latency: "1s".parse().unwrap(),
        ..Options::local()
    })
}

#[tokio::test]
async fn a_worker_without_a_free_slot_shows_what_redis_forgot_and_so_does_one_that_drains() {
    for is_draining in [false, true] {
        let mut world = World::start();
        let worker = world.worker_with(&[
            ("HP_WORKER__CONCURRENCY", "1"),
            ("HP_API__TIMEOUT", "50s"),
            ("HP_RETRY__RESUBMIT_AFTER", "60s"),
        ]);
        world.order("A-0", 1).await;
        world.result("A-0").await;
        let earlier = world.redis.remember();
        world.order("A-1~timeout-after", 1).await;
        world.in_state("A-1~timeout-after", "submitting").await;
        if is_draining {
            worker.signal(Signal::SIGTERM);
            worker.said("asked to stop").await;
        }
        world.redis.fall_back(&earlier);
        world
            .redis
            .until("the worker to show that writes are lost", || async {
                let id: Option<String> = world.redis.run(&["HGET", "{hp}:epoch", "id"]).await;
                id.filter(|id| id.ends_with('!'))
            })
            .await;
    }
}

#[tokio::test]
async fn a_charge_whose_order_redis_forgot_meanwhile_is_told_though_the_shop_does_not_repeat_it() {
    let mut world = slow_and_careless();
    let empty = world.redis.remember();
    let worker = world.worker();
    world.order("A-1", 1).await;
    world.in_state("A-1", "submitting").await;
    // It stands still while the answer comes.
    worker.signal(Signal::SIGSTOP);
    world.redis.fall_back(&empty);
    worker.signal(Signal::SIGCONT);
    assert_eq!(world.result("A-1").await["status"], "completed");
    worker.said("Redis had forgotten this order").await;
    assert_eq!(world.charged("A-1"), 1);
    assert_eq!(world.results("A-1", 1).await.len(), 1);
}

#[tokio::test]
async fn an_order_that_redis_forgot_comes_back_with_all_that_the_shop_said_and_as_in_doubt() {
    let mut world = World::start();
    let empty = world.redis.remember();
    let ledger = world.ledger();
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    world
        .put(&[
            ("order_id", "A-1"),
            ("product_id", "2"),
            ("quantity", "3"),
            ("deadline", "4102444800000"),
            ("reply_to", "{hp}:results:till-7"),
            ("meta", "a line"),
            ("traceparent", traceparent),
        ])
        .await;
    let claimed = take_one(&ledger, LONG).await;
    world.redis.fall_back(&empty);
    reconnect(&ledger).await;
    assert_eq!(
        settle(&ledger, &claimed, refused()).await,
        Settled::Restored
    );
    assert_eq!(
        world
            .redis
            .run::<Vec<String>>(&["ZRANGE", "{hp}:open", "0", "-1"])
            .await,
        ["A-1"]
    );
    let mut taken = ledger
        .claim_batch(9, LONG, FirstSource::Schedule)
        .await
        .unwrap();
    let again = taken.claims.remove(0);
    assert_eq!(again.record.state, State::Uncertain);
    assert!(
        again.record.not_found_valid_from.is_some(),
        "Redis may have forgotten more"
    );
    assert_eq!(again.record.wanted, claimed.record.wanted);
    let words = |claimed: &hp_queue::Claim| {
        (
            claimed.record.accepted_at,
            claimed.record.submitted_at,
            claimed.record.deadline,
            claimed.reply_to.clone(),
            claimed.meta.clone(),
            claimed.traceparent.clone(),
        )
    };
    assert_eq!(words(&again), words(&claimed));
    let told: Vec<_> = again.history.entries().iter().collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].code, Some(400_100), "what the worker was told");
}

#[tokio::test]
async fn an_order_that_is_there_again_is_left_to_whoever_has_it() {
    let mut world = World::start();
    let empty = world.redis.remember();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let before = take_one(&ledger, LONG).await;
    world.redis.fall_back(&empty);
    reconnect(&ledger).await;
    world.order("A-1", 1).await;
    let again = take_one(&ledger, LONG).await;
    assert_eq!(settle(&ledger, &before, refused()).await, Settled::Stale);
    let due: u64 = world.redis.run(&["ZSCORE", "{hp}:schedule", "A-1"]).await;
    assert!(due > again.at.0, "its lease goes on");
}
