//! Orders that wait for a balance are out of the schedule, cost nothing, and are never lost.

use std::time::Duration;

use e2e::{Worker, World, assert_fields, rules};
use hp_order::{BalanceScope, Event};
use hp_queue::{Control, FirstSource, Ledger};
use hp_sandbox::Options;
use nix::sys::signal::Signal;

use crate::claims::{LONG_LEASE, apply_event, claim_one};

const USD_PRODUCT: &str = "31";
/// Holds last for up to half a minute. So no order tests the balance while a test looks.
const LONG_HOLDS: (&str, &str) = ("HP_RETRY__MAX", "1m");

fn usd() -> BalanceScope {
    "USD".parse().unwrap()
}

/// The account has no US dollars.
fn without_usd() -> World {
    World::with_vendor(Options {
        balance: vec!["CNY=100000".parse().unwrap(), "USD=0".parse().unwrap()],
        ..Options::local()
    })
}

fn top_up(world: &World) {
    world.sandbox.set_balance("USD", 1_000_000.into()).unwrap();
}

async fn enqueue_product(world: &World, id: &str, product: &str, more: &[(&str, &str)]) {
    let job = [("order_id", id), ("product_id", product), ("quantity", "1")];
    world.enqueue_job(&[&job[..], more].concat()).await;
}

async fn enqueue_usd(world: &World, orders: usize) -> Vec<String> {
    let ids: Vec<_> = (0..orders).map(|n| format!("USD-{n}")).collect();
    for id in &ids {
        enqueue_product(world, id, USD_PRODUCT, &[]).await;
    }
    ids
}

async fn held(world: &World, scope: &str) -> usize {
    let key = format!("{{hp}}:held:{scope}");
    world.redis.command(&["ZCARD", &key]).await
}

async fn wait_until_held(world: &World, scope: &str, at_least: usize) {
    let is_held = || async { (held(world, scope).await >= at_least).then_some(()) };
    world
        .redis
        .wait_until(&format!("{at_least} held orders"), is_held)
        .await;
}

/// Claims and holds new orders without a worker.
async fn hold_orders(world: &World, ledger: &Ledger, orders: usize) -> Vec<String> {
    world
        .control()
        .hold_balance(usd(), Duration::from_mins(30))
        .await
        .unwrap();
    let ids = enqueue_usd(world, orders).await;
    for _ in &ids {
        let claim = claim_one(ledger, LONG_LEASE).await;
        apply_event(ledger, &claim, Event::HeldForBalance(usd())).await;
    }
    assert_eq!(held(world, "USD").await, orders);
    ids
}

async fn claims(ledger: &Ledger, limit: usize) -> usize {
    let first = FirstSource::Schedule;
    let batch = ledger.claim_batch(limit, LONG_LEASE, first).await.unwrap();
    batch.claims.len()
}

async fn assert_charged_once(world: &World, ids: &[String]) {
    for result in world.results_of_all(ids).await {
        assert_eq!(result["status"], "completed", "{result:?}");
        assert_eq!(world.charge_count(&result["order_id"]), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn held_orders_do_not_delay_other_currencies() {
    let world = without_usd();
    let limits = [("HP_WORKER__RATE", "20"), LONG_HOLDS];
    let _worker = world.worker_with(&limits);
    let usd = enqueue_usd(&world, 1000).await;
    let enqueued_at = world.now().await;
    let mut ids = Vec::new();
    for n in 0..60 {
        let id = format!("CNY-{n}");
        enqueue_product(&world, &id, "2", &[]).await;
        ids.push(id);
    }
    let results = world.results_of_all(&ids).await;
    let times = results.iter();
    let last = times.map(|result| result["finished_at"].parse::<u64>().unwrap());
    let took = last.max().unwrap() - enqueued_at;
    // At this rate 60 calls need three seconds, and 1,060 almost a minute.
    assert!(took < 25_000, "{took} ms");
    wait_until_held(&world, "USD", 990).await;
    // All orders are open, and `status` knows what they wait for.
    let (inspector, status) = (world.inspector(), ["status", "--json"]);
    let output = Worker::output(&status, &world.settings(&[]));
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["open"], 1000);
    assert!(shown["held"]["USD"].as_u64().unwrap() >= 990, "{shown:#}");
    let ids: Vec<&str> = usd[900..].iter().map(String::as_str).collect();
    let snapshots = inspector.snapshot(&ids).await.unwrap();
    let claims = snapshots.into_iter().map(|read| read.unwrap().record.claim);
    assert!(claims.max() <= Some(2), "held orders are claimed again");
}

#[tokio::test]
async fn held_order_expires_at_its_deadline() {
    let world = without_usd();
    let _worker = world.worker_with(&[LONG_HOLDS]);
    enqueue_product(&world, "USD-0", USD_PRODUCT, &[]).await;
    let is_held = || async {
        let is_held: bool = world.redis.command(&["HEXISTS", "{hp}:holds", "USD"]).await;
        is_held.then_some(())
    };
    world.redis.wait_until("the balance hold", is_held).await;
    let deadline = (world.now().await + 4000).to_string();
    enqueue_product(&world, "A-1", USD_PRODUCT, &[("deadline", &deadline)]).await;
    wait_until_held(&world, "USD", 1).await;
    let result = world.result("A-1").await;
    assert_fields!(result, { "status": "expired", "attempts": "0" });
    let late: u64 =
        result["finished_at"].parse::<u64>().unwrap() - deadline.parse::<u64>().unwrap();
    assert!(late < 10_000, "{late} ms after its deadline");
}

#[tokio::test]
async fn held_order_is_given_up_in_time() {
    let world = World::start();
    let mut short = rules();
    short.policy.give_up_after = Duration::from_secs(2);
    let ledger = world.ledger_with(short.clone());
    world
        .control()
        .hold_balance(usd(), Duration::from_mins(30))
        .await
        .unwrap();
    enqueue_usd(&world, 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    let event = Event::HeldForBalance(usd());
    let inputs = hp_order::DecisionInputs::new(claim.at, 0.0);
    let step = hp_order::step(&claim.record, event, &short.policy, inputs);
    ledger
        .settle(&claim, &step, hp_order::VendorSignal::None)
        .await
        .unwrap();
    let returns_at: u64 = world
        .redis
        .command(&["ZSCORE", "{hp}:held:USD", "USD-0"])
        .await;
    assert!(returns_at <= claim.at.0 + 10_000, "{returns_at}");
    let returned_at = loop {
        let first = FirstSource::Schedule;
        let batch = ledger.claim_batch(1, LONG_LEASE, first).await.unwrap();
        if !batch.claims.is_empty() {
            break batch.now.0;
        }
    };
    assert!(returned_at >= returns_at, "before its time");
    assert_eq!(held(&world, "USD").await, 0);
}

#[tokio::test]
async fn idle_worker_notices_hold_that_another_lifted() {
    let world = World::start();
    let ledger = world.ledger();
    hold_orders(&world, &ledger, 3).await;
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    // The worker that lifts it claims none of its orders.
    let lifted_at = world.now().await;
    world.control().lift_balance_hold(usd()).await.unwrap();
    let result = world.result("USD-2").await;
    let waited = result["finished_at"].parse::<u64>().unwrap() - lifted_at;
    assert!(waited < 30_000, "{waited} ms");
    assert_eq!(held(&world, "USD").await, 0);
}

#[tokio::test]
async fn returning_orders_are_bounded_per_script() {
    let world = World::start();
    let ledger = world.ledger();
    hold_orders(&world, &ledger, 600).await;
    assert_eq!(claims(&ledger, 64).await, 0);
    world.control().lift_balance_hold(usd()).await.unwrap();
    for left in [536, 472] {
        assert_eq!(claims(&ledger, 64).await, 64);
        assert_eq!(held(&world, "USD").await, left);
    }
    // A new hold keeps those that have not returned.
    let (control, long) = (world.control(), Duration::from_mins(30));
    control.hold_balance(usd(), long).await.unwrap();
    assert_eq!(claims(&ledger, 64).await, 0);
    control.lift_balance_hold(usd()).await.unwrap();
    let mut claimed = 128;
    while claimed < 600 {
        claimed += claims(&ledger, 256).await;
    }
    let words = ["EXISTS", "{hp}:held", "{hp}:held:USD"];
    assert_eq!(world.redis.command::<u64>(&words).await, 0);
}

#[tokio::test]
async fn hold_that_is_over_returns_one_order() {
    let world = World::start();
    let ledger = world.ledger();
    hold_orders(&world, &ledger, 5).await;
    world
        .control()
        .hold_balance(usd(), Duration::ZERO)
        .await
        .unwrap();
    // The scope is looked at when its hold was to end.
    let look = ["ZADD", "{hp}:held", "0", "USD"];
    world.redis.command::<u64>(&look).await;
    assert_eq!(claims(&ledger, 64).await, 1, "one order tests the balance");
    assert_eq!(claims(&ledger, 64).await, 0, "the others wait for it");
    assert_eq!(held(&world, "USD").await, 4);
    // An operator may delete the holds. A time too far ahead is one of a clock that was set back.
    world.redis.command::<u64>(&["DEL", "{hp}:holds"]).await;
    let far = ["ZADD", "{hp}:held", "99999999999999", "USD"];
    world.redis.command::<u64>(&far).await;
    assert_eq!(claims(&ledger, 64).await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_of_a_held_order_tests_the_balance() {
    let world = without_usd();
    let _worker = world.worker_with(&[LONG_HOLDS]);
    let ids = enqueue_usd(&world, 70).await;
    wait_until_held(&world, "USD", 3).await;
    top_up(&world);
    let first: Vec<String> = world
        .redis
        .command(&["ZRANGE", "{hp}:held:USD", "0", "0"])
        .await;
    let words = ["retry", &first[0], "--by", "Ada"];
    let output = Worker::output(&words, &world.settings(&[LONG_HOLDS]));
    assert!(output.status.success(), "{output:?}");
    assert_charged_once(&world, &ids).await;
}

#[tokio::test]
async fn reconciliation_finds_held_orders() {
    let world = World::start();
    let ledger = world.ledger();
    hold_orders(&world, &ledger, 2).await;
    // Out of both indexes: the order would never be seen again.
    let words = ["ZREM", "{hp}:held:USD", "USD-1"];
    world.redis.command::<u64>(&words).await;
    let (_, report) = crate::reconcile::report(&world, &["--once"]);
    assert_fields!(report, { "repaired": 1 });
    assert_eq!(held(&world, "USD").await, 1, "the other one stays held");
    let due: u64 = world
        .redis
        .command(&["ZCOUNT", "{hp}:schedule", "-inf", "+inf"])
        .await;
    assert_eq!(due, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn held_orders_survive_crashes() {
    let mut world = without_usd();
    let settings = [("HP_RETRY__MAX", "10s"), ("HP_WORKER__LEASE", "1s")];
    let workers = [world.worker_with(&settings), world.worker_with(&settings)];
    let ids = enqueue_usd(&world, 150).await;
    wait_until_held(&world, "USD", 10).await;
    workers[0].signal(Signal::SIGKILL);
    wait_until_held(&world, "USD", 50).await;
    drop(workers);
    world.redis.crash_and_restart();
    top_up(&world);
    let _worker = world.worker_with(&settings);
    assert_charged_once(&world, &ids).await;
    let words = ["EXISTS", "{hp}:held", "{hp}:held:USD", "{hp}:open"];
    assert_eq!(world.redis.command::<u64>(&words).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn held_orders_move_to_a_new_account() {
    let world = without_usd();
    let mut worker = world.worker_with(&[LONG_HOLDS]);
    let ids = enqueue_usd(&world, 80).await;
    wait_until_held(&world, "USD", 10).await;
    worker.signal(Signal::SIGTERM);
    assert!(worker.wait_for_exit().await.success());
    let held = held(&world, "USD").await;
    assert!(held > 0);
    let second = hp_sandbox::Sandbox::start(Options::local()).unwrap();
    let address = second.base_url();
    let new = [("HP_API__BASE_URL", address.as_str()), LONG_HOLDS];
    let words = ["account", "switch", "--why", "new contract", "--by", "Ada"];
    let output = Worker::output(&words, &world.settings(&new));
    assert!(output.status.success(), "{output:?}");
    let _worker = world.worker_with(&new);
    for result in world.results_of_all(&ids).await {
        assert_eq!(result["status"], "completed", "{result:?}");
    }
    let charges = second.ledger().charges;
    assert_eq!(charges.len(), ids.len());
    assert!(charges.iter().all(|charge| charge.times == 1));
}

#[tokio::test]
async fn unknown_currency_is_held_by_product() {
    let world = World::with_vendor(Options {
        odd_products: true,
        ..Options::local()
    });
    world.sandbox.set_fault("low-balance", 1.0).unwrap();
    let settings = [LONG_HOLDS, ("HP_WORKER__CONCURRENCY", "1")];
    let _worker = world.worker_with(&settings);
    // The product list has no currency for this product.
    for n in 0..150 {
        enqueue_product(&world, &format!("A-{n}"), "32", &[]).await;
    }
    wait_until_held(&world, "product:32", 149).await;
    let calls: u64 = world.sandbox.met().values().sum();
    assert_eq!(calls, 1, "one order found out for all");
    // Other products go on, and the hold ends with the first charge.
    enqueue_product(&world, "B-1", "2", &[]).await;
    world.sandbox.clear_faults();
    assert_eq!(world.result("B-1").await["status"], "completed");
    let control = Control::new(world.handle(), rules());
    let scope = "product:32".parse().unwrap();
    control.hold_balance(scope, Duration::ZERO).await.unwrap();
    let look = ["ZADD", "{hp}:held", "0", "product:32"];
    world.redis.command::<u64>(&look).await;
    let ids: Vec<_> = (0..150).map(|n| format!("A-{n}")).collect();
    assert_charged_once(&world, &ids).await;
}
