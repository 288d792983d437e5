//! Measures how long the queue takes to recover from a failure of a worker, of Redis or of the vendor: `just recovery`.
//! Uses the default settings and real processes. Takes about three minutes.
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
    unreachable_vendor().await;
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

async fn enqueue_all(world: &World, name: &str, count: usize) -> Vec<String> {
    let ids: Vec<_> = (0..count).map(|n| format!("{name}-{n}")).collect();
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    ids
}

/// Waits until `count` of these orders have results.
async fn wait_for_results(world: &World, ids: &[String], count: usize) {
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
    let victim = worker(&world);
    let ids = enqueue_all(&world, "A", 60).await;
    world.result("A-0").await;
    let _successor = worker(&world);
    victim.signal(Signal::SIGKILL);
    let killed = Instant::now();
    for id in &ids {
        taken_over(&world, id).await;
    }
    report(
        "killed worker: other workers have claimed all its orders after",
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
    let before = enqueue_all(&world, "before", 400).await;
    world.result("before-0").await;
    world.redis.crash_and_restart();
    let restarted = Instant::now();
    let new = enqueue_all(&world, "new", 1).await;
    wait_for_results(&world, &new, 1).await;
    report("restarted Redis: a new order is bought after", restarted);
    // Orders that were being claimed may wait for retry.resubmit_after: 64 for each worker.
    wait_for_results(&world, &before, 272).await;
    report(
        "restarted Redis: 272 of 400 that were waiting are bought after",
        restarted,
    );
}

async fn unreachable_vendor() {
    let world = world();
    let _workers = [worker(&world), worker(&world)];
    world.sandbox.set_fault("refuse-connection", 1.0).unwrap();
    world.enqueue("first", 1).await;
    let ids = enqueue_all(&world, "waiting", 1000).await;
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
    // About ten orders may have been in transit: they wait for retry.resubmit_after.
    wait_for_results(&world, &ids, 980).await;
    report(
        "vendor away for a minute: 980 of a backlog of 1000 are bought after",
        back,
    );
}
