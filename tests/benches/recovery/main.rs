//! How long it takes to be at work again after a worker, Redis or the vendor failed: `just recovery`. By the default
//! settings, over real parts. Measures, proves nothing, takes about three minutes.
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that cannot be made has no other use"
)]

use std::time::Duration;

use e2e::{Worker, World};
use hp_sandbox::Options;
use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep};

const DEFAULTS: [(&str, &str); 6] = [
    ("HP_API__TIMEOUT", "30s"),
    ("HP_WORKER__LEASE", "15s"),
    ("HP_RETRY__BASE", "1s"),
    ("HP_RETRY__MAX", "5m"),
    ("HP_RETRY__RESUBMIT_AFTER", "5m"),
    ("HP_LOG__FILTER", "warn"),
];

#[tokio::main]
async fn main() {
    killed_worker().await;
    restarted_redis().await;
    silent_vendor().await;
}

fn world() -> World {
    World::with_vendor(Options {
        latency: "80ms..200ms".parse().unwrap(),
        ..Options::local()
    })
}

fn worker(world: &World) -> Worker {
    world.worker_with(&DEFAULTS)
}

async fn put(world: &World, name: &str, count: usize) -> Vec<String> {
    let ids: Vec<_> = (0..count).map(|n| format!("{name}-{n}")).collect();
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    ids
}

/// Waits until so many of these orders have their results.
async fn bought(world: &World, ids: &[String], count: usize) {
    loop {
        let results = world.stream("{hp}:results").await;
        let done = results
            .iter()
            .filter(|result| ids.contains(&result["order_id"]));
        if done.count() >= count {
            return;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

fn report(what: &str, since: Instant) {
    println!("{what:<68}{:>7.1} s", since.elapsed().as_secs_f64());
}

async fn killed_worker() {
    let world = world();
    let doomed = worker(&world);
    let ids = put(&world, "A", 60).await;
    world.result("A-0").await;
    let _heir = worker(&world);
    doomed.signal(Signal::SIGKILL);
    let killed = Instant::now();
    for id in &ids {
        taken_over(&world, id).await;
    }
    report(
        "killed worker: all its orders are in other hands after",
        killed,
    );
}

async fn taken_over(world: &World, id: &str) {
    let what = format!("a second claim of {id}");
    world
        .redis
        .wait_until(&what, || async {
            let record = world.record(id).await;
            (record["claim"] != "1" || record.contains_key("result")).then_some(())
        })
        .await;
}

async fn restarted_redis() {
    let mut world = world();
    let _workers = [worker(&world), worker(&world)];
    let before = put(&world, "before", 400).await;
    world.result("before-0").await;
    world.redis.crash_and_restart();
    let restarted = Instant::now();
    let new = put(&world, "new", 1).await;
    bought(&world, &new, 1).await;
    report("restarted Redis: a new order is bought after", restarted);
    // Those that were just being handed out may wait for retry.resubmit_after: 64 for each worker.
    bought(&world, &before, 272).await;
    report(
        "restarted Redis: 272 of 400 that were waiting are bought after",
        restarted,
    );
}

async fn silent_vendor() {
    let world = world();
    let _workers = [worker(&world), worker(&world)];
    world.sandbox.set_fault("refuse-connection", 1.0).unwrap();
    world.enqueue("first", 1).await;
    let ids = put(&world, "waiting", 1000).await;
    sleep(Duration::from_mins(1)).await;
    world.sandbox.clear_faults();
    let back = Instant::now();
    world
        .redis
        .wait_until("an answer", || async {
            (!world.stream("{hp}:results").await.is_empty()).then_some(())
        })
        .await;
    report(
        "vendor away for a minute: the first order is bought after",
        back,
    );
    // The first ten or so may have been on their way: they wait for retry.resubmit_after.
    bought(&world, &ids, 980).await;
    report(
        "vendor away for a minute: 980 of a backlog of 1000 are bought after",
        back,
    );
}
