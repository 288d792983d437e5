use std::time::{Duration, Instant};

use e2e::World;

use crate::redis_stats;

/// Clock ticks a second in `/proc`: 100 on every Linux that runs this.
const TICKS: f64 = 100.0;

/// The seconds of processor time that a process has used so far.
fn processor(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: f64 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<f64>().unwrap())
        .sum();
    ticks / TICKS
}

/// A figure of `/proc/<process>/status` in MiB, such as `VmRSS`.
pub(crate) fn memory(process: u32, figure: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(figure));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<f64>().unwrap() / 1024.0
}

/// What a run over a full inbox has taken.
pub(crate) struct Run {
    /// Orders a second.
    pub(crate) rate: f64,
    /// Microseconds of processor time an order, in the workers or the bare loop.
    pub(crate) own: f64,
    /// Microseconds of processor time an order, in Redis.
    pub(crate) redis: f64,
}

impl Run {
    /// Microseconds of processor time an order, without the vendor.
    pub(crate) fn cost(&self) -> f64 {
        self.own + self.redis
    }

    /// How busy Redis was, as a share of one core.
    pub(crate) fn redis_share(&self) -> f64 {
        self.redis * self.rate / 1e6
    }
}

/// Measures from the result of the first tenth of the orders to the last result, so that the start does not count.
pub(crate) async fn watch(world: &World, processes: &[u32], orders: usize) -> Run {
    let own = || -> f64 { processes.iter().map(|id| processor(*id)).sum() };
    let from = reached(world, orders / 10).await;
    let (start, own_before) = (Instant::now(), own());
    let redis_before = redis_stats::processor(&world.redis).await;
    let to = reached(world, orders).await;
    let (time, own_after) = (start.elapsed().as_secs_f64(), own());
    let redis_after = redis_stats::processor(&world.redis).await;
    let done = count(to - from);
    Run {
        rate: done / time,
        own: (own_after - own_before) * 1e6 / done,
        redis: (redis_after - redis_before) * 1e6 / done,
    }
}

/// Waits until `{hp}:results` has so many results. Returns their number.
pub(crate) async fn reached(world: &World, orders: usize) -> usize {
    wait_for(world, &["XLEN", "{hp}:results"], |results: usize| {
        (results >= orders).then_some(results)
    })
    .await
}

/// Asks Redis every five milliseconds until `look` accepts the answer. Gives up after ten minutes.
pub(crate) async fn wait_for<A, T>(
    world: &World,
    words: &[&str],
    mut look: impl FnMut(A) -> Option<T>,
) -> T
where
    A: redis::FromRedisValue,
{
    let mut connection = world.redis.connection().await;
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    let started = Instant::now();
    loop {
        if let Some(seen) = look(command.query_async(&mut connection).await.unwrap()) {
            return seen;
        }
        assert!(started.elapsed() < Duration::from_mins(10), "{words:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A number of orders, as a figure.
pub(crate) fn count(orders: usize) -> f64 {
    u32::try_from(orders).unwrap().into()
}
