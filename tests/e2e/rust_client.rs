//! A shop in Rust uses the typed queue.

use e2e::World;
use hp_order::Status;
use hp_queue::{Job, Prefix, Queue, Wait};

#[tokio::test]
async fn rust_client_enqueues_and_reads_cards() {
    let world = World::start();
    let _worker = world.worker();
    let queue = Queue::connect(&world.redis.url(), Prefix::default())
        .await
        .unwrap();
    let order = Job::new(
        "A-1".parse().unwrap(),
        "2".parse().unwrap(),
        "2".parse().unwrap(),
    );
    queue
        .enqueue(&Job {
            meta: Some("till 7".parse().unwrap()),
            ..order
        })
        .await
        .unwrap();

    let mut results = queue.results(None, "shop", "till").await.unwrap();
    let delivery = next(&mut results).await;
    let result = delivery.result.unwrap();
    assert_eq!(
        (result.order_id.as_str(), result.status),
        ("A-1", Status::Completed)
    );
    assert_eq!(result.meta.as_deref(), Some(&b"till 7"[..]));
    let purchase = result.purchase.as_ref().unwrap();
    let sold = &world.sandbox.ledger().charges[0].cards;
    let cards = purchase.pins.open(&[]).unwrap();
    assert_eq!(cards.len(), 2);
    assert_eq!(cards[0].pin_key.expose(), sold[0].pin_key);
    assert!(
        !format!("{result:?}").contains(&sold[0].pin_key),
        "the debug form shows a card key"
    );

    let mut again = queue.results(None, "shop", "till").await.unwrap();
    assert_eq!(
        next(&mut again).await.entry_id,
        delivery.entry_id,
        "an unacknowledged result is delivered again"
    );
    again.acknowledge(&delivery.entry_id).await.unwrap();
    let unacknowledged: Vec<redis::Value> = world
        .redis
        .command(&["XPENDING", "{hp}:results", "shop", "-", "+", "9"])
        .await;
    assert!(unacknowledged.is_empty());
}

#[tokio::test]
async fn rust_client_reads_own_stream_and_rejection() {
    let world = World::start();
    let _worker = world.worker();
    let queue = Queue::connect(&world.redis.url(), Prefix::default())
        .await
        .unwrap();
    let till: hp_queue::ResultStream = "till-7".parse().unwrap();
    let order = Job::new(
        "A-1".parse().unwrap(),
        "777".parse().unwrap(),
        "1".parse().unwrap(),
    );
    queue
        .enqueue(&Job {
            reply_to: Some(till.clone()),
            ..order
        })
        .await
        .unwrap();
    let mut replies = queue.results(Some(&till), "shop", "till").await.unwrap();
    let result = next(&mut replies).await.result.unwrap();
    assert_eq!(
        (result.status, result.reason.as_deref()),
        (Status::Rejected, Some("unknown_product"))
    );
    assert!(result.purchase.is_none());
}

async fn next(results: &mut hp_queue::Results) -> hp_queue::Delivery {
    loop {
        if let Some(delivery) = results.next(1, Wait::ForOne).await.unwrap().pop() {
            return delivery;
        }
    }
}
