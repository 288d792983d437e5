//! How much memory of Redis an ended order takes.

use std::time::Duration;

use e2e::{
    World,
    figures::{Goal, Row, Samples},
};
use hp_sandbox::Options;
use tokio::time::sleep;

use crate::{
    measure::{count, reached},
    options::Effort,
    redis_stats::number,
    setup::{Fsync, fill, ids, worker, world},
};

/// In doubt one after the other: an answer in between keeps the breaker closed.
const DOUBTS_AT_ONCE: &str = "4";

pub(crate) async fn of_ended_orders(effort: Effort) -> Vec<Row> {
    let plain = growth("A", effort.pick(20_000, 4_000), "64").await;
    let doubt = growth("A~lost-answer", effort.pick(4_000, 500), DOUBTS_AT_ONCE).await;
    vec![
        Row::new(
            "Redis memory of an ended order with its result, bytes",
            Goal::AtMost(750.0),
            Samples::new([plain.all]),
        ),
        Row::new(
            "Redis memory of an ended order after a doubt, bytes",
            Goal::AtMost(900.0),
            Samples::new([doubt.all]),
        ),
        Row::note("of these, the result, bytes", Samples::new([plain.result])),
    ]
}

/// The bytes that each order has added.
struct Growth {
    all: f64,
    result: f64,
}

async fn growth(name: &str, orders: usize, at_once: &str) -> Growth {
    let world = world(Options::local(), Fsync::EverySecond);
    let quick = [
        ("HP_WORKER__CONCURRENCY", at_once),
        ("HP_RETRY__BASE", "10ms"),
    ];
    let _worker = worker(&world, &quick);
    let warm_up = 1000;
    fill(&world, ids_of("warm-up", warm_up), "2").await;
    reached(&world, warm_up).await;
    let before = size(&world).await;
    fill(&world, ids_of(name, orders), "2").await;
    reached(&world, warm_up + orders).await;
    let after = size(&world).await;
    let orders = count(orders);
    Growth {
        all: (after.0 - before.0) / orders,
        result: (after.1 - before.1) / orders,
    }
}

/// The ids of orders. The part from `~` on asks the sandbox for a fault.
fn ids_of(name: &str, orders: usize) -> impl Iterator<Item = String> {
    let (name, fault) = name.split_at(name.find('~').unwrap_or(name.len()));
    ids(name, orders).map(move |id| id + fault)
}

/// The memory of Redis, and of the results in it.
async fn size(world: &World) -> (f64, f64) {
    // The buffers of the load are free again.
    sleep(Duration::from_secs(1)).await;
    let all = number(&world.redis, "memory", "used_memory").await;
    let results = world
        .redis
        .command(&["MEMORY", "USAGE", "{hp}:results", "SAMPLES", "0"]);
    (all, results.await)
}
