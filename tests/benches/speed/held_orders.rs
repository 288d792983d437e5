//! What orders cost that wait for a balance.

use std::time::Duration;

use e2e::{
    Worker, World,
    figures::{Goal, Row, Samples},
};
use hp_sandbox::Options;
use tokio::time::{Instant, sleep};

use crate::{
    measure::{reached, wait_for},
    options::Effort,
    redis_stats::{number, processor},
    setup::{Fsync, fill, ids, worker, world},
};

/// A product that US dollars pay.
const USD_PRODUCT: &str = "31";
/// Orders that test the balance or are on their way are not among those that wait.
const NOT_WAITING: usize = 64;

pub(crate) async fn cost(effort: Effort) -> Vec<Row> {
    let orders = effort.pick(100_000, 5_000);
    let empty = start(Options::local()).await;
    fill(&empty.0, ids("A", 1), "2").await;
    reached(&empty.0, 1).await;
    let held = start(without_usd()).await;
    fill(&held.0, ids("USD", orders), USD_PRODUCT).await;
    let count = ["ZCARD", "{hp}:held:USD"];
    wait_for(&held.0, &count, |waiting: usize| {
        (waiting + NOT_WAITING >= orders).then_some(())
    })
    .await;
    sleep(effort.pick(Duration::from_secs(30), Duration::from_secs(2))).await;

    let (mut cpu, mut bytes) = (Vec::new(), Vec::new());
    for _ in 0..effort.pick(3, 2) {
        let window = effort.pick(Duration::from_secs(30), Duration::from_secs(4));
        let (of_empty, of_held) = tokio::join!(usage(&empty.0, window), usage(&held.0, window));
        cpu.push((of_held.cpu - of_empty.cpu) * 100.0);
        bytes.push((of_held.written - of_empty.written) * 86_400.0 / 1e6);
    }
    let name = format!("{orders} orders held for balance");
    vec![
        Row::new(
            format!("{name}: CPU of Redis above an empty queue, % of a core"),
            Goal::AtMost(0.1),
            Samples::new(cpu),
        ),
        Row::new(
            format!("{name}: AOF above an empty queue, MB a day"),
            Goal::AtMost(10.0),
            Samples::new(bytes),
        ),
    ]
}

async fn start(vendor: Options) -> (World, Worker) {
    let world = world(vendor, Fsync::EverySecond);
    // A rewrite would shrink the file whose growth is measured.
    let no_rewrite = ["CONFIG", "SET", "auto-aof-rewrite-percentage", "0"];
    world.redis.command::<()>(&no_rewrite).await;
    let worker = worker(&world, &[]);
    (world, worker)
}

fn without_usd() -> Options {
    Options {
        balance: vec!["CNY=100000".parse().unwrap(), "USD=0".parse().unwrap()],
        ..Options::local()
    }
}

/// What a second takes.
struct Usage {
    /// Seconds of processor time of Redis.
    cpu: f64,
    /// Bytes of the append-only file.
    written: f64,
}

async fn usage(world: &World, window: Duration) -> Usage {
    let redis = &world.redis;
    let size = || number(redis, "persistence", "aof_current_size");
    let (before, started) = ((processor(redis).await, size().await), Instant::now());
    sleep(window).await;
    let after = (processor(redis).await, size().await);
    let seconds = started.elapsed().as_secs_f64();
    Usage {
        cpu: (after.0 - before.0) / seconds,
        written: (after.1 - before.1) / seconds,
    }
}
