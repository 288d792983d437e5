//! What the figures of a queue cost Redis, if very many orders are open.

use e2e::{
    World,
    figures::{Goal, Row, Samples},
};
use hp_sandbox::Options;
use redis::Value;

use crate::{
    open_orders::add_waiting_orders,
    options::Effort,
    redis_stats::processor,
    setup::{Fsync, fill, ids, world},
};

/// What a busy queue has besides its open orders: results, streams of shops, workers, held orders, events and charges.
const REST_OF_A_QUEUE: &str = "
    local time = redis.call('TIME')
    local now = time[1] * 1000
    local function text(number) return string.format('%d', number) end
    for n = 1, 10000 do
      redis.call('XADD', '{hp}:results', '*', 'order_id', 'old-' .. n, 'status', 'completed', 'pins', string.rep('x', 200))
      redis.call('XADD', '{hp}:events', '*', 'event', 'order.review', 'at', text(now), 'detail', '{}')
    end
    for n = 1, 1000 do
      local stream = '{hp}:results:shop-' .. n
      redis.call('XADD', stream, '*', 'order_id', 'old-' .. n, 'pins', string.rep('x', 200))
      redis.call('ZADD', '{hp}:own_streams', text(now + 604800000 + n), stream)
    end
    for n = 1, 20 do redis.call('ZADD', '{hp}:workers', text(now + 600000), 'worker-' .. n) end
    for n = 1, 20 do
      redis.call('HSET', '{hp}:holds', 'product:' .. n, text(now + 600000))
      redis.call('ZADD', '{hp}:held', text(now + 600000), 'product:' .. n)
      redis.call('ZADD', '{hp}:held:product:' .. n, text(now + 600000), 'held-' .. n)
      redis.call('HSET', '{hp}:spent', text(math.floor(now / 86400000)) .. ':X' .. n, '4375')
    end
    redis.call('HSET', '{hp}:notifier', 'cursor', '0-0', 'place', '0', 'waiting_count', '1000')";

const SCRAPES: u32 = 1000;

pub(crate) async fn cost(effort: Effort) -> Vec<Row> {
    let sizes: &[usize] = effort.pick(&[1_000, 200_000, 1_000_000], &[1_000, 200_000]);
    let mut rows = Vec::new();
    for orders in sizes {
        let world = start(*orders).await;
        let mut times = Vec::new();
        for _ in 0..effort.rounds() {
            times.push(scrape(&world).await);
        }
        let what = format!("{orders} open orders: CPU of Redis for a scrape, ms");
        rows.push(Row::new(what, Goal::AtMost(1.0), Samples::new(times)));
    }
    rows
}

async fn start(orders: usize) -> World {
    let world = world(Options::local(), Fsync::EverySecond);
    add_waiting_orders(&world, orders).await;
    fill(&world, ids("new", 10_000), "2").await;
    let words = ["EVAL", REST_OF_A_QUEUE, "0"];
    world.redis.command::<Value>(&words).await;
    world
}

/// The milliseconds of processor time that one scrape takes in Redis.
async fn scrape(world: &World) -> f64 {
    let inspector = world.inspector();
    // The first call brings the script.
    let metrics = inspector.metrics().await.unwrap();
    assert!(metrics.open_orders.is_some_and(|orders| orders.waiting > 0));
    let before = processor(&world.redis).await;
    for _ in 0..SCRAPES {
        inspector.metrics().await.unwrap();
    }
    (processor(&world.redis).await - before) * 1000.0 / f64::from(SCRAPES)
}
