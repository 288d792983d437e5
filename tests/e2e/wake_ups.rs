//! Which workers wake for an order, and who takes it if the one that should does not.

use e2e::{Route, Worker, World};
use nix::sys::signal::Signal;

const WORKERS: usize = 10;

/// A script that Redis has run: its name, its hash and its keys, as far as Redis keeps them.
type Script = Vec<String>;

/// Lets Redis remember all scripts from now on.
async fn record_scripts(world: &World) {
    for words in [
        &["CONFIG", "SET", "slowlog-max-len", "100000"][..],
        &["CONFIG", "SET", "slowlog-log-slower-than", "0"],
        &["SLOWLOG", "RESET"],
    ] {
        world.redis.command::<()>(words).await;
    }
}

async fn scripts(world: &World) -> Vec<Script> {
    type Entry = (u64, u64, u64, Vec<Vec<u8>>, String, String);
    let log: Vec<Entry> = world.redis.command(&["SLOWLOG", "GET", "-1"]).await;
    let text = |word: &Vec<u8>| String::from_utf8_lossy(word).into_owned();
    let commands = log.iter().map(|entry| entry.3.iter().map(text).collect());
    commands
        .filter(|words: &Script| words[0].to_uppercase().starts_with("EVAL"))
        .collect()
}

/// Only a claim of any orders has these two keys.
fn is_claim(script: &Script) -> bool {
    ["{hp}:inbox", "{hp}:schedule"]
        .iter()
        .all(|key| script.iter().any(|word| word == key))
}

/// How many claims, with or without orders, Redis has seen.
async fn claim_count(world: &World) -> usize {
    scripts(world)
        .await
        .iter()
        .filter(|script| is_claim(script))
        .count()
}

async fn wait_for_workers(world: &World, n: u64) {
    let all_there = || async {
        let alive: u64 = world.redis.command(&["ZCARD", "{hp}:workers"]).await;
        (alive == n).then_some(())
    };
    world.redis.wait_until("all workers", all_there).await;
}

/// Buys ten orders, one after the other. Returns how many claims that took.
async fn claims_of_ten_orders(world: &World, round: usize) -> usize {
    world.redis.command::<()>(&["SLOWLOG", "RESET"]).await;
    for n in 0..10 {
        let id = format!("A-{round}-{n}");
        world.enqueue(&id, 1).await;
        world.result(&id).await;
    }
    claim_count(world).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_ten_idle_workers_wakes_for_an_order() {
    let world = World::start();
    let _workers: Vec<_> = (0..WORKERS).map(|_| world.worker()).collect();
    wait_for_workers(&world, WORKERS as u64).await;
    record_scripts(&world).await;
    // The workers learn from the first orders, and from their heartbeats, that one of them is enough.
    let agreed = async {
        let mut round = 0;
        while claims_of_ten_orders(&world, round).await > 25 {
            round += 1;
        }
    };
    let agreed = tokio::time::timeout(e2e::TIMEOUT, agreed).await;
    agreed.expect("ten orders always cost more than 25 claims");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_ten_workers_wakes_for_a_due_order() {
    let world = World::start();
    let _workers: Vec<_> = (0..WORKERS).map(|_| world.worker()).collect();
    wait_for_workers(&world, WORKERS as u64).await;
    claims_of_ten_orders(&world, 0).await;
    record_scripts(&world).await;
    // A worker claims each several times, because the outcome stays unknown for `retry.resubmit_after`.
    let ids: Vec<_> = (0..WORKERS).map(|n| format!("B-{n}~drop-before")).collect();
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    world.results_of_all(&ids).await;
    let (scripts, mut claimed) = (claim_count(&world).await, 0);
    for id in &ids {
        claimed += world.record(id).await["claim"].parse::<usize>().unwrap();
    }
    assert!(claimed >= 5 * ids.len(), "{claimed} claimed");
    assert!(
        scripts <= 3 * claimed,
        "{scripts} claims for {claimed} orders"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_worker_needs_one_script_for_a_heartbeat() {
    let world = World::start();
    let _worker = world.worker_with(&[
        ("HP_WORKER__LEASE", "15s"),
        ("HP_API__TIMEOUT", "1s"),
        ("HP_RETRY__RESUBMIT_AFTER", "1m"),
    ]);
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    record_scripts(&world).await;
    let beats = || async {
        let scripts = scripts(&world).await;
        let watermarks = scripts.iter().filter(|script| is_watermark(script));
        (watermarks.count() >= 4).then_some(scripts)
    };
    let scripts = world.redis.wait_until("four heartbeats", beats).await;
    let claims = scripts.iter().filter(|script| is_claim(script)).count();
    assert!(claims <= 1, "{claims} claims");
    let is_announced = scripts.iter().any(is_announcement);
    assert!(!is_announced, "a second script in a heartbeat");
}

/// Compares a watermark, and may say that the worker is alive.
fn is_watermark(script: &Script) -> bool {
    has_keys(script, &["3", "{hp}:jobs", "{hp}:epoch", "{hp}:workers"])
}

/// Says that a worker is alive, and nothing else.
fn is_announcement(script: &Script) -> bool {
    has_keys(script, &["2", "{hp}:workers"])
}

/// Whether the number of keys and the first keys are these.
fn has_keys(script: &Script, keys: &[&str]) -> bool {
    script
        .iter()
        .skip(2)
        .zip(keys)
        .all(|(key, wanted)| key == wanted)
}

/// Two workers, and which of them gets the orders while nothing happens to it.
struct Pair {
    workers: [Worker; 2],
    eager: usize,
}

impl Pair {
    /// Starts them, each with its own further settings.
    async fn start(world: &World, settings: [&[(&str, &str)]; 2]) -> Self {
        let workers = settings.map(|own| world.worker_with(own));
        wait_for_workers(world, 2).await;
        claims_of_ten_orders(world, 0).await;
        is_bought(world, "A-last").await;
        let eager = tokio::select! {
            () = workers[0].wait_for_log("A-last") => 0,
            () = workers[1].wait_for_log("A-last") => 1,
        };
        Self { workers, eager }
    }

    fn eager(&mut self) -> &mut Worker {
        &mut self.workers[self.eager]
    }
}

async fn is_bought(world: &World, id: &str) {
    world.enqueue(id, 1).await;
    assert_eq!(world.result(id).await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn order_of_killed_watcher_goes_to_another_worker() {
    let world = World::start();
    let mut pair = Pair::start(&world, [&[], &[]]).await;
    pair.eager().signal(Signal::SIGKILL);
    is_bought(&world, "B-1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn order_of_suspended_watcher_goes_to_another() {
    let world = World::start();
    let mut pair = Pair::start(&world, [&[], &[]]).await;
    pair.eager().signal(Signal::SIGSTOP);
    is_bought(&world, "B-1").await;
}

/// For orders that a worker processes during the whole test.
const LONG_CALLS: [(&str, &str); 2] = [
    ("HP_API__TIMEOUT", "50s"),
    ("HP_RETRY__RESUBMIT_AFTER", "60s"),
];

#[tokio::test(flavor = "multi_thread")]
async fn order_of_draining_watcher_goes_to_another() {
    let world = World::start();
    let mut pair = Pair::start(&world, [&LONG_CALLS, &LONG_CALLS]).await;
    world.enqueue("B-1~timeout-after", 1).await;
    world.wait_for_charge("B-1~timeout-after").await;
    pair.eager().signal(Signal::SIGTERM);
    pair.eager().wait_for_log("shutdown requested").await;
    is_bought(&world, "B-2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn order_of_full_watcher_goes_to_another_worker() {
    let world = World::start();
    let one_slot = [&LONG_CALLS[..], &[("HP_WORKER__CONCURRENCY", "1")]].concat();
    let _pair = Pair::start(&world, [&one_slot, &one_slot]).await;
    world.enqueue("B-1~timeout-after", 1).await;
    world.wait_for_charge("B-1~timeout-after").await;
    is_bought(&world, "B-2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn order_of_self_paused_watcher_goes_to_another() {
    let world = World::start();
    let routes = [(); 2].map(|()| Route::to(world.sandbox.addr()));
    let environments = routes.each_ref().map(Route::environment);
    let settings = environments.each_ref().map(|words| {
        words
            .each_ref()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    });
    let mut pair = Pair::start(&world, [&settings[0], &settings[1]]).await;
    routes[pair.eager].cut();
    // The worker cannot connect again after this order, which only it can take.
    let other = 1 - pair.eager;
    pair.workers[other].signal(Signal::SIGSTOP);
    world.enqueue("B-1~drop-before", 1).await;
    pair.eager().wait_for_log("claims no orders until").await;
    pair.workers[other].signal(Signal::SIGCONT);
    is_bought(&world, "B-2").await;
    world.result("B-1~drop-before").await;
}
