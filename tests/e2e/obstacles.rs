//! What keeps orders from going on is named for what it is, where an operator looks first: `status`, `orders`, `order`,
//! `doctor` and the log.
//!
//! The tests wait for commands on one thread, so the sandbox answers on another.

use e2e::{Route, Worker, World};
use hp_api::Mismatch;
use hp_order::{Event, QueryVerdict};
use hp_sandbox::Options;
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::{
    claims::{ENDED_LEASE, LONG_LEASE, apply_event, claim_one},
    reconcile::lost,
};

/// Runs a command. Returns its exit code and its output.
pub(crate) fn run(world: &World, words: &[&str]) -> (i32, String) {
    run_with(world, words, &[])
}

pub(crate) fn run_with(world: &World, words: &[&str], more: &[(&str, &str)]) -> (i32, String) {
    let output = Worker::output(words, &world.settings(more));
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert!(!text.contains("demo-secret"));
    (output.status.code().unwrap(), text)
}

/// Asserts that `status` and `doctor` exit with 1 and that both say each of these.
pub(crate) fn assert_loud(world: &World, words: &[&str]) {
    for command in ["status", "doctor"] {
        let (code, text) = run(world, &[command]);
        assert_eq!(code, 1, "{command}: {text}");
        for word in words {
            assert!(text.contains(word), "{command}: no `{word}` in: {text}");
        }
    }
}

/// The kinds of the obstacles that `status` shows.
pub(crate) fn kinds(world: &World) -> Vec<String> {
    let (_, text) = run(world, &["status", "--json"]);
    let status: Value = serde_json::from_str(&text).unwrap();
    let obstacles = status["obstacles"].as_array().unwrap().iter();
    obstacles
        .map(|obstacle| obstacle["kind"].as_str().unwrap().to_owned())
        .collect()
}

/// Brings an order into review.
pub(crate) async fn review(world: &World, id: &str) {
    let ledger = world.ledger();
    world.enqueue(id, 1).await;
    apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, lost()).await;
    let mut batch = ledger.claim_named(1, LONG_LEASE, &[id]).await.unwrap();
    let mismatch = Event::Queried(QueryVerdict::Mismatch(Mismatch::ProductId {
        wanted: 2,
        got: 5,
    }));
    apply_event(&ledger, &batch.claims.remove(0), mismatch).await;
    assert_eq!(world.record(id).await["state"], "review");
}

async fn breaker(world: &World, name: &str) -> Option<String> {
    world.redis.command(&["HGET", "{hp}:breaker", name]).await
}

/// Waits until calls have failed in this way often enough to concern all orders.
async fn wait_for_failure(world: &World, kind: &str) {
    let failing = || async {
        let failures = breaker(world, "failures").await?.parse::<u64>().ok()?;
        let is_noted = breaker(world, "failure").await.as_deref() == Some(kind);
        (failures >= 3 && is_noted).then_some(())
    };
    world.redis.wait_until(kind, failing).await;
}

/// A fast worker: its few orders make enough calls to open the breaker.
pub(crate) const FAST: [(&str, &str); 2] = [("HP_RETRY__BASE", "20ms"), ("HP_RETRY__MAX", "200ms")];

/// The log says with these words why the breaker is open.
async fn assert_logged_breaker(worker: &Worker, words: &[&str]) {
    worker.wait_for_log("breaker open").await;
    let log = worker.log();
    let line = log.lines().find(|line| line.contains("breaker open"));
    let line = line.unwrap();
    assert!(words.iter().all(|word| line.contains(word)), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_worker_is_loud_while_orders_wait() {
    let world = World::start();
    let (code, text) = run(&world, &["status"]);
    assert_eq!(code, 0, "{text}");
    world.enqueue("A-1", 1).await;
    assert_loud(
        &world,
        &["no worker is alive, and 1 order waits", "worker run"],
    );
    let ledger = world.ledger();
    claim_one(&ledger, ENDED_LEASE).await;
    let (_, text) = run(&world, &["orders"]);
    assert!(text.contains("no worker is alive"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_in_review_are_loud_with_next_command() {
    let world = World::start();
    review(&world, "A-1").await;
    assert_loud(
        &world,
        &["1 order needs review", "`worker orders --state review`"],
    );
    review(&world, "A-2").await;
    assert_loud(&world, &["2 orders need review"]);
    assert_eq!(kinds(&world), ["review"], "no worker is needed for them");

    let (code, text) = run(&world, &["order", "A-1"]);
    let (_, next) = text.rsplit_once("\nNext: ").unwrap();
    assert_eq!(code, 0);
    for command in [
        "worker record A-1",
        "worker retry A-1",
        "worker resolve A-1",
    ] {
        assert!(next.contains(command), "{next}");
    }
    let (_, text) = run(&world, &["order", "A-1", "--json"]);
    let order: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(order["obstacle"], "review");
    assert!(
        order["next"]
            .as_str()
            .unwrap()
            .contains("worker record A-1")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn last_run_does_not_contradict_review() {
    let world = World::start();
    let (code, _) = run(&world, &["reconcile", "--once"]);
    assert_eq!(code, 0);
    review(&world, "A-1").await;
    let (_, text) = run(&world, &["status"]);
    assert!(text.contains("1 order needs review"), "{text}");
    let last = text
        .lines()
        .find(|line| line.starts_with("last run"))
        .unwrap();
    assert!(!last.contains("review"), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_is_named_everywhere_though_worker_is_idle() {
    let world = World::start();
    let worker = world.worker();
    world.enqueue("A-1", 1).await;
    worker.wait_for_log("order ended").await;
    world.control().pause("stocktaking", "Ada").await.unwrap();
    worker.wait_for_log("queue paused").await;
    assert!(worker.log().contains("stocktaking"));
    assert_loud(&world, &["paused by Ada", "stocktaking", "worker resume"]);
    assert_eq!(kinds(&world), ["paused"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_orders_say_so() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, lost()).await;
    ledger.report_alive("a test", LONG_LEASE).await.unwrap();
    world.control().pause("stocktaking", "Ada").await.unwrap();
    let (_, text) = run(&world, &["orders"]);
    assert!(
        text.contains("paused: stocktaking; lost: no answer"),
        "{text}"
    );
    let (_, text) = run(&world, &["orders", "--json"]);
    let order: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(order["obstacle"], "paused");
}

#[tokio::test(flavor = "multi_thread")]
async fn vendor_without_answers_is_named_everywhere() {
    let world = World::start();
    world.sandbox.set_fault("drop-before", 1.0).unwrap();
    world.sandbox.set_fault("query:drop-before", 1.0).unwrap();
    let worker = world.worker_with(&FAST);
    for n in 0..4 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    wait_for_failure(&world, "vendor_silent").await;
    assert_loud(&world, &["HitPoints does not answer"]);
    // Not while all orders are claimed.
    let named = || async {
        let (_, text) = run(&world, &["orders"]);
        text.contains("HitPoints does not answer").then_some(())
    };
    world.redis.wait_until("the obstacle", named).await;
    assert_logged_breaker(&worker, &["vendor_silent", "does not answer"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vendor_out_of_reach_is_named_after_restart() {
    let mut world = World::start();
    world.sandbox.set_fault("drop-before", 1.0).unwrap();
    world.sandbox.set_fault("query:drop-before", 1.0).unwrap();
    let mut worker = world.worker_with(&FAST);
    world.enqueue("A-1", 1).await;
    world.wait_for_state("A-1", "uncertain").await;
    // A restart without a loss keeps the cause, and a worker queries again from scratch.
    worker.signal(Signal::SIGTERM);
    worker.wait_for_exit().await;
    world.redis.crash_and_restart();
    let _worker = world.worker_with(&FAST);
    wait_for_failure(&world, "vendor_silent").await;
    let named = || async {
        let (_, text) = run(&world, &["orders"]);
        text.contains("HitPoints does not answer; ").then_some(())
    };
    world.redis.wait_until("the obstacle", named).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_vendor_is_named_everywhere() {
    let world = World::start();
    let route = Route::to(world.sandbox.addr());
    route.cut();
    let environment = route.environment();
    let environment = environment.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    // The worker claims orders without the list, and finds out with the first one.
    let no_list = ("HP_WORKER__NEEDS_PRODUCTS", "false");
    let settings: Vec<_> = environment.chain([no_list]).collect();
    let worker = world.worker_with(&settings);
    world.enqueue("A-1", 1).await;
    worker.wait_for_log("cannot reach HitPoints").await;
    let named = || async {
        let is_named = kinds(&world).contains(&"vendor_unreachable".to_owned());
        is_named.then_some(())
    };
    world.redis.wait_until("the obstacle", named).await;
    assert_loud(&world, &["HitPoints is unreachable"]);
    let (_, text) = run(&world, &["orders"]);
    assert!(text.contains("HitPoints is unreachable"), "{text}");
    route.restore();
    world.result("A-1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_control_order_is_named_everywhere() {
    let world = World::start();
    let fast = [
        ("HP_WORKER__LEASE", "1s"),
        ("HP_API__TIMEOUT", "1s"),
        ("HP_RETRY__RESUBMIT_AFTER", "2500ms"),
    ];
    {
        let _first = world.worker();
        world.enqueue("A-0", 1).await;
        world.result("A-0").await;
    }
    let worker = world.worker_with(&[&fast[..], &FAST].concat());
    worker.wait_for_log("learned the answer").await;
    world.sandbox.set_fault("query:code-400100", 1.0).unwrap();
    world.enqueue("A-1~lost-answer", 1).await;
    wait_for_failure(&world, "control_denied").await;
    let words = [
        "HitPoints denies an order that it has charged",
        "record of order A-0",
    ];
    assert_loud(&world, &words);
    // While a worker is processing the order, the table says so.
    let is_named = || async { run(&world, &["orders"]).1.contains(words[0]).then_some(()) };
    world
        .redis
        .wait_until("the obstacle of A-1", is_named)
        .await;
    assert_logged_breaker(&worker, &["control_denied", "A-0"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn low_balance_is_named_with_its_currency() {
    let world = World::with_vendor(Options {
        balance: vec!["CNY=1".parse().unwrap()],
        ..Options::local()
    });
    let slow = [("HP_RETRY__MAX", "30s")];
    let _worker = world.worker_with(&slow);
    world.enqueue("A-1", 1).await;
    world.wait_for_state("A-1", "waiting").await;
    assert_loud(&world, &["balance of CNY", "top up"]);
    let (_, text) = run(&world, &["orders"]);
    assert!(text.contains("balance of CNY is low"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn order_says_until_when_it_waits() {
    let world = World::start();
    let ledger = world.ledger();
    for (id, event) in [
        ("queued", Event::BalanceHeld(LONG_LEASE)),
        ("doubtful", lost()),
    ] {
        world.enqueue(id, 1).await;
        apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, event).await;
    }
    ledger.report_alive("a test", LONG_LEASE).await.unwrap();
    // As if another order has got an answer since.
    let answered = ["DEL", "{hp}:breaker"];
    world.redis.command::<u64>(&answered).await;
    let due = (world.now().await + 600_000).to_string();
    for id in ["queued", "doubtful"] {
        let words = ["ZADD", "{hp}:schedule", "XX", &due, id];
        world.redis.command::<u64>(&words).await;
    }
    let (_, text) = run(&world, &["orders"]);
    assert!(text.contains("waits until "), "{text}");
    assert!(text.contains("a worker queries HitPoints at "), "{text}");
}
