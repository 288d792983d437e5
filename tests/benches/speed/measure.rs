use std::time::{Duration, Instant};

use e2e::World;

/// Clock ticks a second in `/proc`: 100 on every Linux that runs this.
const TICKS: f64 = 100.0;

/// The processor time that a process has used so far.
pub(crate) fn cpu(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: f64 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum();
    Duration::from_secs_f64(ticks / TICKS)
}

/// A figure of `/proc/<process>/status` in MiB, such as `VmRSS`.
pub(crate) fn memory(process: u32, figure: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with(figure))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<f64>()
        .unwrap()
        / 1024.0
}

/// The cost of one run over a full inbox.
pub(crate) struct Run {
    /// Orders per second.
    pub(crate) rate: f64,
    /// Processor microseconds per order, in the process and in Redis together.
    pub(crate) cost: f64,
}

/// Fills the inbox before a worker reads it.
pub(crate) async fn fill(world: &World, orders: usize) {
    let mut connection = world.redis.connection().await;
    for batch in (0..orders).collect::<Vec<_>>().chunks(1000) {
        let mut pipe = redis::pipe();
        for n in batch {
            let id = format!("A-{n}");
            let fields = [
                ("order_id", id.as_str()),
                ("product_id", "2"),
                ("quantity", "1"),
            ];
            pipe.xadd("{hp}:jobs", "*", &fields).ignore();
        }
        pipe.query_async::<()>(&mut connection).await.unwrap();
    }
}

/// Measures from the result of the first tenth of the orders to the last result, so that the start does not count.
pub(crate) async fn watch(world: &World, process: u32, orders: usize) -> Run {
    let redis = world.redis.id();
    let from = reached(world, orders / 10).await;
    let (start, used) = (Instant::now(), cpu(process) + cpu(redis));
    let to = reached(world, orders).await;
    let (time, used) = (start.elapsed(), (cpu(process) + cpu(redis)).abs_diff(used));
    #[expect(clippy::cast_precision_loss, reason = "a count of orders is small")]
    let done = (to - from) as f64;
    Run {
        rate: done / time.as_secs_f64(),
        cost: used.as_secs_f64() * 1e6 / done,
    }
}

/// Waits until the stream has so many results. Returns their number.
pub(crate) async fn reached(world: &World, orders: usize) -> usize {
    let mut connection = world.redis.connection().await;
    loop {
        let results: usize = redis::cmd("XLEN")
            .arg("{hp}:results")
            .query_async(&mut connection)
            .await
            .unwrap();
        if results >= orders {
            return results;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
