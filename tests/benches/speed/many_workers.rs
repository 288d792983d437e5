//! Several workers on one Redis.

use std::time::Duration;

use e2e::{
    Worker, World,
    figures::{Goal, Row, Samples},
};
use hp_sandbox::Options;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::{
    measure::{Run, count, reached, wait_for, watch},
    options::Effort,
    redis_stats::{processor, script_calls},
    setup::{Fsync, fill, ids, worker, world},
};

/// A queue with so many workers that wait.
struct Crowd {
    world: World,
    _workers: Vec<Worker>,
    orders: usize,
}

impl Crowd {
    async fn start(workers: usize) -> Self {
        let world = world(Options::local(), Fsync::EverySecond);
        let processes = (0..workers).map(|_| worker(&world, &[])).collect();
        wait_for(&world, &["ZCARD", "{hp}:workers"], |alive: usize| {
            (alive == workers).then_some(())
        })
        .await;
        sleep(Duration::from_secs(1)).await;
        Self {
            world,
            _workers: processes,
            orders: 0,
        }
    }

    /// Adds 100 orders a second for so many seconds. Returns script calls, and microseconds of Redis, for each order.
    async fn serve(&mut self, seconds: usize) -> (f64, f64) {
        let redis = &self.world.redis;
        let before = (script_calls(redis).await, processor(redis).await);
        let mut ticks = interval(Duration::from_millis(10));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let orders = seconds * 100;
        let mut connection = redis.connection().await;
        for n in self.orders..self.orders + orders {
            ticks.tick().await;
            let mut command = redis::cmd("XADD");
            command.arg(&["{hp}:jobs", "*", "order_id", &format!("A-{n}")]);
            command.arg(&["product_id", "2", "quantity", "1"]);
            command.query_async::<()>(&mut connection).await.unwrap();
        }
        self.orders += orders;
        reached(&self.world, self.orders).await;
        let after = (script_calls(redis).await, processor(redis).await);
        let orders = count(orders);
        (
            (after.0 - before.0) / orders,
            (after.1 - before.1) * 1e6 / orders,
        )
    }
}

pub(crate) async fn for_few_orders(effort: Effort) -> Vec<Row> {
    let (mut one, mut ten) = (Crowd::start(1).await, Crowd::start(10).await);
    let (mut scripts, mut of_one, mut of_ten) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.rounds() {
        let seconds = effort.pick(10, 3);
        of_one.push(one.serve(seconds).await.1);
        let (calls, cost) = ten.serve(seconds).await;
        of_ten.push(cost);
        scripts.push(calls);
    }
    vec![
        Row::new(
            "10 workers, 100 orders/s: scripts an order",
            Goal::AtMost(2.5),
            Samples::new(scripts),
        ),
        Row::new(
            "10 workers, 100 orders/s: CPU of Redis to that with one worker",
            Goal::AtMost(1.1),
            Samples::ratios(&of_ten, &of_one),
        ),
    ]
}

pub(crate) async fn at_full_load(effort: Effort) -> Vec<Row> {
    let counts = [1, 2, 4, 8];
    let mut runs = counts.map(|_| Vec::new());
    for _ in 0..effort.pick(3, 1) {
        for (workers, runs) in counts.into_iter().zip(&mut runs) {
            let orders = effort.pick(30_000, 8_000);
            let world = world(Options::local(), Fsync::EverySecond);
            fill(&world, ids("A", orders), "2").await;
            let workers: Vec<_> = (0..workers).map(|_| worker(&world, &[])).collect();
            let processes: Vec<_> = workers.iter().map(Worker::id).collect();
            runs.push(watch(&world, &processes, orders).await);
        }
    }
    let mut rows = Vec::new();
    for (workers, runs) in counts.into_iter().zip(&runs) {
        let name = match workers {
            1 => "1 worker".to_owned(),
            _ => format!("{workers} workers"),
        };
        let samples = |figure: fn(&Run) -> f64| Samples::new(runs.iter().map(figure));
        rows.extend([
            Row::note(format!("{name}: orders/s"), samples(|run| run.rate)),
            Row::note(
                format!("{name}: Redis busy, %"),
                samples(|run| run.redis_share() * 100.0),
            ),
            Row::note(
                format!("{name}: orders/s that fill this Redis"),
                samples(|run| 1e6 / run.redis),
            ),
        ]);
    }
    rows
}
