//! What malformed entries cost the orders behind them.

use std::time::Instant;

use e2e::{
    World,
    figures::{Goal, Row, Samples},
};
use hp_sandbox::Options;

use crate::{
    measure::{memory, reached},
    options::Effort,
    redis_stats::number,
    setup::{Fsync, fill, ids, worker, world},
};

const GOOD: usize = 100;
const MIB: f64 = 1024.0 * 1024.0;

pub(crate) async fn before_good_orders(effort: Effort) -> Vec<Row> {
    let malformed = effort.pick(100_000, 10_000);
    let (mut time, mut redis, mut own) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.pick(3, 1) {
        let world = world(Options::local(), Fsync::EverySecond);
        flood(&world, malformed).await;
        fill(&world, ids("A", GOOD), "2").await;
        let before = number(&world.redis, "memory", "used_memory").await;
        let started = Instant::now();
        let worker = worker(&world, &[]);
        reached(&world, GOOD).await;
        time.push(started.elapsed().as_secs_f64());
        let peak = number(&world.redis, "memory", "used_memory_peak").await;
        redis.push((peak - before).max(0.0) / MIB);
        own.push(memory(worker.id(), "VmHWM"));
    }
    let name = format!("{malformed} malformed entries before {GOOD} orders");
    vec![
        Row::new(
            format!("{name}: start of the worker to the last result, s"),
            Goal::AtMost(30.0),
            Samples::new(time),
        ),
        Row::new(
            format!("{name}: memory of Redis at most, above the inbox, MiB"),
            Goal::AtMost(64.0),
            Samples::new(redis),
        ),
        Row::new(
            format!("{name}: memory of the worker at most, MiB"),
            Goal::AtMost(32.0),
            Samples::new(own),
        ),
    ]
}

/// Adds entries that name no usable order.
async fn flood(world: &World, entries: usize) {
    let mut connection = world.redis.connection().await;
    for _ in 0..entries / 1000 {
        let mut pipe = redis::pipe();
        for _ in 0..1000 {
            let fields = [
                ("order_id", "two words"),
                ("product_id", "2"),
                ("quantity", "1"),
            ];
            pipe.xadd("{hp}:jobs", "*", &fields).ignore();
        }
        pipe.query_async::<()>(&mut connection).await.unwrap();
    }
}
