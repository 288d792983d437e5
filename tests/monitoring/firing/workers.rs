//! Alerts about worker processes and their Redis.

use std::{fs::File, process::Stdio};

use e2e::{Redis, Worker, World};
use hp_sandbox::Options;
use nix::sys::signal::Signal;

use super::{run, watch, worker};
use crate::{
    names::admin_address,
    prometheus::{Prometheus, TOKEN, free_address, request},
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus"]
async fn workers_that_die_fire_until_they_are_back() {
    let world = World::with_vendor(Options {
        latency: "2s".parse().unwrap(),
        ..Options::local()
    });
    // A lease is renewed every third of it: not before the answer of a call.
    let settings = [
        ("HP_WORKER__CONCURRENCY", "1"),
        ("HP_WORKER__LEASE", "9s"),
        ("HP_API__TIMEOUT", "20s"),
        ("HP_RETRY__RESUBMIT_AFTER", "30s"),
    ];
    let (first, second) = (worker(&world, &settings), worker(&world, &settings));
    let prometheus = watch(&[&first, &second]).await;
    let address = admin_address(&first).await;
    for id in ["A-1", "A-2"] {
        world.enqueue(id, 1).await;
    }
    for id in ["A-1", "A-2"] {
        world.wait_for_state(id, "submitting").await;
    }
    // As if somebody else had claimed the order meanwhile.
    let claim = ["HINCRBY", "{hp}:order:A-1", "claim", "1"];
    world.redis.command::<u64>(&claim).await;
    prometheus.fires("HpFencedSettles").await;
    // Nobody renews the lease, so another claim takes the order over.
    prometheus.fires("HpLeaseTakeovers").await;

    first.signal(Signal::SIGKILL);
    prometheus.fires("HpWorkerDown").await;
    second.signal(Signal::SIGKILL);
    prometheus.fires("HpQueueUnreported").await;
    prometheus.fires("HpAllWorkersDown").await;
    let _back = restart(&world, &address).await;
    prometheus.resolves("HpAllWorkersDown").await;
}

/// Starts a worker that is scraped at this address. A short connection of another process may use it at the moment.
async fn restart(world: &World, address: &str) -> Worker {
    loop {
        let worker = worker(world, &[("HP_ADMIN__LISTEN", address)]);
        worker.wait_for_log("serve").await;
        if worker.log().contains("metrics served") {
            return worker;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus"]
async fn loss_of_redis_fires_until_it_is_back() {
    let mut world = World::with_redis(Redis::single(), Options::local());
    let worker = worker(&world, &[]);
    let prometheus = watch(&[&worker]).await;
    world.redis.crash();
    prometheus.fires("HpRedisUnreachable").await;
    prometheus.fires("HpWorkerWithoutRedis").await;
    world.redis.restart();
    prometheus.resolves("HpRedisUnreachable").await;
    tokio::select! {
        () = prometheus.fires("HpRedisReconnects") => {}
        () = cut_connections(&world, &worker) => {}
    }
}

/// Closes the connections of the worker each time that it has one again.
async fn cut_connections(world: &World, worker: &Worker) {
    let address = admin_address(worker).await;
    let kill = ["CLIENT", "KILL", "TYPE", "normal"];
    loop {
        world.redis.command::<u64>(&kill).await;
        // The answer comes from Redis, so there is a connection.
        request(&address, "/metrics", TOKEN).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus"]
async fn worker_that_claims_nothing_fires_until_it_claims() {
    let world = World::start();
    world.sandbox.set_fault("refuse-connection", 1.0).unwrap();
    let worker = worker(&world, &[]);
    let prometheus = watch(&[&worker]).await;
    prometheus.fires("HpWorkerFaulty").await;
    prometheus.fires("HpNoWorkerClaims").await;
    world.sandbox.clear_faults();
    prometheus.resolves("HpWorkerFaulty").await;
    prometheus.resolves("HpNoWorkerClaims").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus"]
async fn lost_log_and_refused_requests_fire() {
    let world = World::start();
    let address = free_address();
    let settings = world.settings(&[("HP_ADMIN__LISTEN", &address), ("HP_ADMIN__TOKEN", TOKEN)]);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut worker = Worker::command(&["run"], &settings)
        .stderr(Stdio::from(full))
        .spawn()
        .unwrap();
    let prometheus = Prometheus::start(std::slice::from_ref(&address)).await;
    for n in 0..5 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    prometheus.fires("HpLogLinesLost").await;
    for _ in 0..30 {
        let answer = request(&address, "/metrics", "a-wrong-token-of-a-test").await;
        assert!(answer.starts_with("HTTP/1.0 401 "), "{answer}");
    }
    prometheus.fires("HpAdminRefusals").await;
    run(&world, &["status"]);
    worker.kill().unwrap();
    worker.wait().unwrap();
}
