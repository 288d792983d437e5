//! A full inbox: how many orders a second, and for how much processor time.

use e2e::{
    World,
    figures::{Goal, Row, Samples},
};
use hp_sandbox::Options;

use crate::{
    measure::{Run, memory, watch},
    options::Effort,
    setup::{Fsync, bare_loop, fill, ids, worker, world},
};

pub(crate) async fn without_latency(effort: Effort) -> Vec<Row> {
    let load = Load {
        orders: effort.pick(60_000, 10_000),
        at_once: "64",
        vendor: Options::local(),
        fsync: Fsync::EverySecond,
    };
    let rounds = load.rounds(effort).await;
    vec![
        rounds.rate(
            "64 at a time, no latency: orders/s, worker to bare loop",
            0.75,
        ),
        rounds.cost(
            "64 at a time, no latency: CPU of worker and Redis to bare loop",
            1.3,
        ),
        Row::note("bare loop: orders/s", rounds.of_bare(|run| run.rate)),
        Row::note("worker: orders/s", rounds.of_worker(|run| run.rate)),
        Row::note("bare loop: CPU an order, us", rounds.of_bare(|run| run.own)),
        Row::note("worker: CPU an order, us", rounds.of_worker(|run| run.own)),
        Row::note(
            "bare loop: CPU of Redis an order, us",
            rounds.of_bare(|run| run.redis),
        ),
        Row::note(
            "worker: CPU of Redis an order, us",
            rounds.of_worker(|run| run.redis),
        ),
    ]
}

pub(crate) async fn with_fsync_always(effort: Effort) -> Vec<Row> {
    let load = Load {
        orders: effort.pick(40_000, 8_000),
        at_once: "64",
        vendor: Options::local(),
        fsync: Fsync::Always,
    };
    let rounds = load.rounds(effort).await;
    vec![
        rounds.rate("appendfsync always: orders/s, worker to bare loop", 0.9),
        Row::note(
            "appendfsync always: CPU of worker and Redis to bare loop",
            rounds.ratios(Run::cost),
        ),
        Row::note(
            "appendfsync always, worker: orders/s",
            rounds.of_worker(|run| run.rate),
        ),
    ]
}

pub(crate) async fn with_slow_vendor(effort: Effort) -> Vec<Row> {
    let load = Load {
        orders: effort.pick(20_000, 4_000),
        at_once: "256",
        vendor: Options {
            latency: "100ms".parse().unwrap(),
            ..Options::local()
        },
        fsync: Fsync::EverySecond,
    };
    let rounds = load.rounds(effort).await;
    vec![
        rounds.rate("256 at a time, 100 ms: orders/s, worker to bare loop", 0.97),
        Row::note(
            "256 at a time, 100 ms, worker: orders/s",
            rounds.of_worker(|run| run.rate),
        ),
        Row::note(
            "256 at a time, 100 ms: memory at most, MiB",
            Samples::new(rounds.peak),
        ),
    ]
}

/// One kind of load.
struct Load {
    orders: usize,
    at_once: &'static str,
    vendor: Options,
    fsync: Fsync,
}

impl Load {
    /// Runs bare loop and worker in turn. The one that goes first alternates too.
    async fn rounds(&self, effort: Effort) -> Rounds {
        let mut rounds = Rounds::default();
        for round in 0..effort.rounds() {
            if round % 2 == 0 {
                rounds.bare.push(self.bare_loop().await);
            }
            let (run, peak) = self.worker().await;
            rounds.worker.push(run);
            rounds.peak.push(peak);
            if round % 2 == 1 {
                rounds.bare.push(self.bare_loop().await);
            }
        }
        rounds
    }

    async fn bare_loop(&self) -> Run {
        let world = self.full_inbox().await;
        let process = bare_loop(&world, &world.sandbox.base_url(), self.at_once);
        watch(&world, &[process.id().unwrap()], self.orders).await
    }

    async fn worker(&self) -> (Run, f64) {
        let world = self.full_inbox().await;
        let worker = worker(&world, &[("HP_WORKER__CONCURRENCY", self.at_once)]);
        let run = watch(&world, &[worker.id()], self.orders).await;
        (run, memory(worker.id(), "VmHWM"))
    }

    async fn full_inbox(&self) -> World {
        let world = world(self.vendor.clone(), self.fsync);
        fill(&world, ids("A", self.orders), "2").await;
        world
    }
}

/// Round n of the bare loop ran next to round n of the worker.
#[derive(Default)]
struct Rounds {
    bare: Vec<Run>,
    worker: Vec<Run>,
    /// The most memory of each worker, MiB.
    peak: Vec<f64>,
}

impl Rounds {
    fn rate(&self, what: &str, at_least: f64) -> Row {
        Row::new(what, Goal::AtLeast(at_least), self.ratios(|run| run.rate))
    }

    fn cost(&self, what: &str, at_most: f64) -> Row {
        Row::new(what, Goal::AtMost(at_most), self.ratios(Run::cost))
    }

    fn ratios(&self, figure: impl Fn(&Run) -> f64) -> Samples {
        let of: Vec<_> = self.worker.iter().map(&figure).collect();
        let to: Vec<_> = self.bare.iter().map(&figure).collect();
        Samples::ratios(&of, &to)
    }

    fn of_bare(&self, figure: impl Fn(&Run) -> f64) -> Samples {
        Samples::new(self.bare.iter().map(figure))
    }

    fn of_worker(&self, figure: impl Fn(&Run) -> f64) -> Samples {
        Samples::new(self.worker.iter().map(figure))
    }
}
