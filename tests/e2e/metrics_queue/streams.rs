use e2e::World;

use super::wait_for;
use crate::claims::{LONG_LEASE, apply_event, claim_one, gave_up};

const COMMON: &str = "result_stream_bytes{stream=\"common\"}";
const OWN: &str = "result_stream_bytes{stream=\"own\"}";

async fn memory(world: &World, stream: &str) -> u64 {
    world.redis.command(&["MEMORY", "USAGE", stream]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_of_result_streams_are_those_of_redis() {
    let world = World::start();
    let worker = world.worker();
    wait_for(&worker, &[(COMMON, 0.0), (OWN, 0.0)]).await;
    world.enqueue("A-1", 5).await;
    world.result("A-1").await;
    let mut own = 0;
    for shop in ["{hp}:results:one", "{hp}:results:two"] {
        let id = format!("A-{}", &shop[13..]);
        let job = [
            ("order_id", id.as_str()),
            ("product_id", "2"),
            ("quantity", "1"),
        ];
        world
            .enqueue_job(&[&job[..], &[("reply_to", shop)]].concat())
            .await;
        world.results_in(shop, &id, 1).await;
        own += memory(&world, shop).await;
    }
    let common = memory(&world, "{hp}:results").await;
    let as_figure = |bytes: u64| f64::from(u32::try_from(bytes).unwrap());
    assert!(common > 0 && own > 0);
    wait_for(
        &worker,
        &[(COMMON, as_figure(common)), (OWN, as_figure(own))],
    )
    .await;
}

/// Ends an order with a stream of its own, without a charge.
async fn end_with_own_stream(world: &World, id: &str) {
    let stream = format!("{{hp}}:results:{id}");
    let job = [("order_id", id), ("product_id", "2"), ("quantity", "1")];
    world
        .enqueue_job(&[&job[..], &[("reply_to", &stream)]].concat())
        .await;
    let ledger = world.ledger();
    let claim = claim_one(&ledger, LONG_LEASE).await;
    apply_event(&ledger, &claim, gave_up()).await;
}

#[tokio::test]
async fn newest_streams_stand_for_all_of_them() {
    let world = World::start();
    for n in 0..3 {
        end_with_own_stream(&world, &format!("A-{n}")).await;
    }
    let one = memory(&world, "{hp}:results:A-0").await;
    let bytes = || async { world.inspector().metrics().await.unwrap().own_streams_bytes };
    assert_eq!(bytes().await, Some(3 * one));
    // A deleted stream has no bytes, and one that has expired leaves the list.
    world
        .redis
        .command::<u64>(&["DEL", "{hp}:results:A-0"])
        .await;
    assert_eq!(bytes().await, Some(2 * one));
    let words = ["ZADD", "{hp}:own_streams", "XX", "1", "{hp}:results:A-1"];
    world.redis.command::<u64>(&words).await;
    assert_eq!(bytes().await, Some(one));
    end_with_own_stream(&world, "A-3").await;
    let listed: Vec<String> = world
        .redis
        .command(&["ZRANGE", "{hp}:own_streams", "0", "-1"])
        .await;
    assert!(
        !listed.contains(&"{hp}:results:A-1".to_owned()),
        "{listed:?}"
    );
    // Of very many, only the newest 64 are measured.
    let now = world.now().await;
    for n in 0..200 {
        let (ends, name) = (
            (now + 30 * 24 * 3_600_000 + n).to_string(),
            format!("{{hp}}:results:B-{n}"),
        );
        world
            .redis
            .command::<u64>(&["ZADD", "{hp}:own_streams", &ends, &name])
            .await;
        if n >= 136 {
            let add = ["XADD", &name, "*", "order_id", "B-000"];
            world.redis.command::<String>(&add).await;
        }
    }
    let one = memory(&world, "{hp}:results:B-199").await;
    assert_eq!(bytes().await, Some(203 * one));
}
