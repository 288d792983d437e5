//! The baseline: a consumer group, one fetch for each entry, the cards on a stream. It loses orders in a crash and charges
//! repeated orders twice.

use std::{collections::HashMap, sync::Arc, time::Duration};

use hp_api::{AppSecret, Client, FetchCards};
use redis::{AsyncConnectionConfig, aio::MultiplexedConnection, streams::StreamReadReply};
use tokio::sync::Semaphore;

pub(crate) async fn run(redis: &str, vendor: &str, at_once: usize) {
    let secret = AppSecret::from(String::from("demo-secret"));
    let client = Client::builder(vendor, "demo")
        .secret(secret)
        .build()
        .unwrap();
    let server = redis::Client::open(redis).unwrap();
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_mins(1)));
    let mut reading = server
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .unwrap();
    let writing = server
        .get_multiplexed_async_connection_with_config(&config)
        .await
        .unwrap();
    let group = ["CREATE", "{hp}:jobs", "bare", "0", "MKSTREAM"];
    redis::cmd("XGROUP")
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
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP")
            .arg("bare")
            .arg("loop")
            .arg("COUNT")
            .arg(free.num_permits())
            .arg("BLOCK")
            .arg(1000);
        read.arg("STREAMS").arg("{hp}:jobs").arg(">");
        let reply: Option<StreamReadReply> = read.query_async(&mut reading).await.unwrap();
        for entry in reply
            .into_iter()
            .flat_map(|reply| reply.keys)
            .flat_map(|key| key.ids)
        {
            let (slot, client, writing) = (free.split(1), client.clone(), writing.clone());
            tokio::spawn(async move {
                buy(&client, writing, entry.id, entry.map).await;
                drop(slot);
            });
        }
    }
}

async fn buy(
    client: &Client,
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
    let order = client.fetch(&wanted).await.unwrap();
    let pins: Vec<_> = order
        .cards
        .iter()
        .map(|card| (card.pin_sn.as_str(), card.pin_key.expose()))
        .collect();
    let mut write = redis::pipe();
    write.xadd(
        "{hp}:results",
        "*",
        &[
            ("order_id", wanted.order_id.as_str()),
            ("pins", &format!("{pins:?}")),
        ],
    );
    write.xack("{hp}:jobs", "bare", &[entry]);
    write.query_async::<()>(&mut writing).await.unwrap();
}
