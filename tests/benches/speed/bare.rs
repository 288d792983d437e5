//! The baseline: a consumer group, one fetch for each entry, the cards on a stream, no ledger. It loses orders in a crash
//! and charges repeated orders twice. Otherwise it is as good as such a loop gets: it reads as many entries as it has free
//! slots, buys them at the same time, and shares one connection for all writes.

use std::{collections::HashMap, sync::Arc, time::Duration};

use hp_api::{AppSecret, Client, FetchCards, Order};
use redis::{AsyncConnectionConfig, aio::MultiplexedConnection, streams::StreamReadReply};
use tokio::sync::Semaphore;

pub(crate) async fn run(redis: &str, vendor: &str, at_once: usize) {
    let secret = AppSecret::from(String::from("demo-secret"));
    let vendor = Client::builder(vendor, "demo")
        .secret(secret)
        .build()
        .unwrap();
    let server = redis::Client::open(redis).unwrap();
    let (mut reading, writing) = (connect(&server).await, connect(&server).await);
    let group = ["CREATE", "{hp}:jobs", "bare", "0", "MKSTREAM"];
    let mut create = redis::cmd("XGROUP");
    create
        .arg(&group)
        .query_async::<()>(&mut reading)
        .await
        .unwrap();

    let slots = Arc::new(Semaphore::new(at_once));
    loop {
        let first = Arc::clone(&slots).acquire_owned().await.unwrap();
        let more = u32::try_from(slots.available_permits()).unwrap();
        let mut free = Arc::clone(&slots).acquire_many_owned(more).await.unwrap();
        free.merge(first);
        for entry in read(&mut reading, free.num_permits()).await {
            let (slot, vendor, writing) = (free.split(1), vendor.clone(), writing.clone());
            tokio::spawn(async move {
                buy(&vendor, writing, entry.id, entry.map).await;
                drop(slot);
            });
        }
    }
}

async fn connect(server: &redis::Client) -> MultiplexedConnection {
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_mins(1)));
    let connection = server.get_multiplexed_async_connection_with_config(&config);
    connection.await.unwrap()
}

async fn read(
    reading: &mut MultiplexedConnection,
    at_most: usize,
) -> impl Iterator<Item = redis::streams::StreamId> {
    let mut read = redis::cmd("XREADGROUP");
    read.arg(&["GROUP", "bare", "loop", "BLOCK", "1000", "COUNT"]);
    read.arg(at_most).arg(&["STREAMS", "{hp}:jobs", ">"]);
    let reply: Option<StreamReadReply> = read.query_async(reading).await.unwrap();
    let keys = reply.into_iter().flat_map(|reply| reply.keys);
    keys.flat_map(|key| key.ids)
}

async fn buy(
    vendor: &Client,
    mut writing: MultiplexedConnection,
    entry: String,
    fields: HashMap<String, redis::Value>,
) {
    let field = |name: &str| redis::from_redis_value_ref::<String>(&fields[name]).unwrap();
    let wanted = FetchCards {
        order_id: field("order_id").parse().unwrap(),
        product_id: field("product_id").parse().unwrap(),
        quantity: field("quantity").parse().unwrap(),
    };
    let order = vendor.fetch(&wanted).await.unwrap();
    let mut write = redis::pipe();
    // One transaction: a crash in between would publish the result twice.
    write.atomic();
    let result = [
        ("order_id", wanted.order_id.as_str()),
        ("pins", &cards(&order)),
    ];
    write.xadd("{hp}:results", "*", &result).ignore();
    write.xack("{hp}:jobs", "bare", &[entry]).ignore();
    write.query_async::<()>(&mut writing).await.unwrap();
}

/// The cards as JSON.
fn cards(order: &Order) -> String {
    let cards = order.cards.iter().map(|card| {
        serde_json::json!({ "pin_sn": card.pin_sn.as_str(), "pin_key": card.pin_key.expose() })
    });
    serde_json::Value::Array(cards.collect()).to_string()
}
