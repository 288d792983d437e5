use e2e::{Worker, World};
use hp_sandbox::Options;
use tokio::process::{Child, Command};

use crate::measure::{Run, fill, memory, reached, watch};

const ORDERS: usize = 60_000;
const ROUNDS: usize = 3;

async fn world(vendor: Options) -> World {
    let world = World::with_vendor(vendor);
    // The setting of a deployment instead of the one of the tests.
    let config = [
        "CONFIG",
        "SET",
        "appendfsync",
        "everysec",
        "notify-keyspace-events",
        "",
    ];
    world.redis.command::<()>(&config).await;
    world
}

fn worker(world: &World, at_once: &str) -> Worker {
    world.worker_with(&[
        ("HP_WORKER__CONCURRENCY", at_once),
        ("HP_LOG__FILTER", "warn"),
        ("HP_API__TIMEOUT", "30s"),
        ("HP_RETRY__RESUBMIT_AFTER", "5m"),
        ("HP_WORKER__LEASE", "15s"),
    ])
}

fn bare_loop(world: &World, at_once: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "bare-loop",
            &world.redis.url(),
            &world.sandbox.base_url(),
            at_once,
        ])
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

pub(crate) async fn against_the_bare_loop() {
    println!("{ORDERS} orders, a vendor without latency, 64 at a time");
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let yard = world(Options::local()).await;
        fill(&yard, ORDERS).await;
        let bare = bare_loop(&yard, "64");
        let bare = watch(&yard, bare.id().unwrap(), ORDERS).await;

        let ours = world(Options::local()).await;
        fill(&ours, ORDERS).await;
        let worker = worker(&ours, "64");
        let worker = watch(&ours, worker.id(), ORDERS).await;
        show("bare loop", &bare);
        show("worker", &worker);
        ratios.push((worker.rate / bare.rate, worker.cost / bare.cost));
    }
    ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (rate, cost) = ratios[ROUNDS / 2];
    println!(
        "  worker to bare loop: {rate:.2} of the rate (aim 0.67), {cost:.2} of the processor time (aim 1.50)\n"
    );
}

pub(crate) async fn with_a_slow_vendor() {
    const ORDERS: usize = 20_000;
    println!("{ORDERS} orders, a vendor that takes 100 ms, 256 at a time");
    let vendor = Options {
        latency: "100ms".parse().unwrap(),
        ..Options::local()
    };
    let yard = world(vendor.clone()).await;
    fill(&yard, ORDERS).await;
    let bare = bare_loop(&yard, "256");
    let bare = watch(&yard, bare.id().unwrap(), ORDERS).await;
    show("bare loop", &bare);

    let ours = world(vendor).await;
    let process = worker(&ours, "256");
    ours.enqueue("first", 1).await;
    reached(&ours, 1).await;
    let idle = memory(process.id(), "VmRSS");
    fill(&ours, ORDERS).await;
    let run = watch(&ours, process.id(), ORDERS).await;
    show("worker", &run);
    println!(
        "  worker to bare loop: {:.1} % of the rate (aim 98 %)",
        100.0 * run.rate / bare.rate
    );
    println!(
        "  memory: {idle:.1} MiB idle (aim 10), at most {:.1} MiB (aim 30)\n",
        memory(process.id(), "VmHWM")
    );
}

fn show(what: &str, run: &Run) {
    println!(
        "  {what:<10} {:>8.0} orders/s {:>6.1} us of processor an order",
        run.rate, run.cost
    );
}
