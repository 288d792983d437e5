//! A failure of one worker: the others continue, and `worker status` shows the sick one and why.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use e2e::{FrontEnd, Reply, Route, Worker, World, assert_fields};
use serde_json::Value;

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one},
    reconcile::lost,
};

/// A worker with this route to HitPoints.
fn worker_with_route(world: &World, route: &Route, more: &[(&str, &str)]) -> Worker {
    let environment = route.environment();
    let environment = environment.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    let settings: Vec<_> = environment.chain(more.iter().copied()).collect();
    world.worker_with(&settings)
}

/// Waits until a worker reports a fault, and returns what `worker status` shows as JSON and as text.
async fn wait_for_fault(world: &World, words: &str) -> (Value, String) {
    let status = |arguments: &[&str]| {
        let output = Worker::output(arguments, &world.settings(&[]));
        String::from_utf8(output.stdout).unwrap()
    };
    let shown = || async {
        let shown: Value = serde_json::from_str(&status(&["status", "--json"])).unwrap();
        shown["worker_faults"]
            .to_string()
            .contains(words)
            .then_some(shown)
    };
    let shown = world.redis.wait_until("the fault of a worker", shown).await;
    (shown, status(&["status"]))
}

async fn breaker_failures(world: &World) -> Option<u64> {
    world
        .redis
        .command(&["HGET", "{hp}:breaker", "failures"])
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_without_route_stops_no_other_worker() {
    let world = World::start();
    let route = Route::to(world.sandbox.addr());
    route.cut();
    let sick = worker_with_route(&world, &route, &[("HP_WORKER__NEEDS_PRODUCTS", "false")]);
    sick.wait_for_log("no product list yet").await;
    let ids: Vec<_> = (0..100).map(|n| format!("A-{n}")).collect();
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    let (shown, text) = wait_for_fault(&world, "cannot reach HitPoints").await;
    assert_eq!(shown["workers"].as_object().unwrap().len(), 1);
    for word in ["claims no orders", "unreachable"] {
        assert!(text.contains(word), "no `{word}` in: {text}");
    }
    assert_eq!(breaker_failures(&world).await, None);

    let healthy = world.worker();
    for result in world.results_of_all(&ids).await {
        assert_fields!(result, { "status": "completed", "attempts": "1" });
    }
    assert_eq!(breaker_failures(&world).await, None);
    for worker in [&sick, &healthy] {
        assert!(!worker.log().contains("breaker open"));
    }

    drop(healthy);
    route.restore();
    sick.wait_for_log("claims orders again").await;
    world.enqueue("B-1", 1).await;
    assert_eq!(world.result("B-1").await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn reconciliation_run_moves_on_from_sick_worker() {
    let world = World::start();
    let schedule = ("HP_RECONCILE__SCHEDULE", "* * * * * *");
    let route = Route::to(world.sandbox.addr());
    route.cut();
    let sick = worker_with_route(&world, &route, &[schedule]);
    sick.wait_for_log("the product list was never fetched")
        .await;
    let _healthy = world.worker_with(&[schedule]);
    let complete = world.redis.wait_until("a complete run", || async {
        let runs = world.stream("{hp}:reconcile:runs").await;
        runs.into_iter().find(|run| run["incomplete"].is_empty())
    });
    complete.await;
    assert!(!sick.log().contains("reconciliation run"));
}

#[tokio::test(flavor = "multi_thread")]
async fn run_without_route_fails_and_opens_no_breaker() {
    let world = World::start();
    let ledger = world.ledger();
    for n in 0..12 {
        world.enqueue(&format!("A-{n}"), 1).await;
        let claimed = claim_one(&ledger, LONG_LEASE).await;
        apply_event(&ledger, &claimed, lost()).await;
        world.redis.command::<u64>(&["DEL", "{hp}:breaker"]).await;
    }
    let route = Route::to(world.sandbox.addr());
    route.cut();
    let mut settings = world.settings(&[("HP_RECONCILE__STUCK_AFTER", "1ms")]);
    settings.extend(route.environment());
    let output = Worker::output(&["reconcile", "--once"], &settings);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("cannot reach HitPoints"), "{text}");
    assert_eq!(breaker_failures(&world).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_takes_no_order_before_the_product_list() {
    let world = World::start();
    let has_list = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&has_list);
    let front_end = FrontEnd::start(world.sandbox.addr(), move |request| {
        if request.contains("/v1/items") && !switch.load(Ordering::SeqCst) {
            Reply::Failure
        } else {
            Reply::Vendor
        }
    });
    let front_end = front_end.await;
    let settings = [("HP_API__BASE_URL", front_end.url())];
    let settings = settings
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let waiting = world.worker_with(&settings);
    world.enqueue("A-1", 1).await;
    let (_, text) = wait_for_fault(&world, "product list was never fetched").await;
    assert!(text.contains("HTTP status 500"), "{text}");
    let new: u64 = world.redis.command(&["XLEN", "{hp}:jobs"]).await;
    assert_eq!(new, 1, "the order is not claimed");

    let allowed = [&settings[..], &[("HP_WORKER__NEEDS_PRODUCTS", "false")]].concat();
    let allowed = world.worker_with(&allowed);
    assert_eq!(world.result("A-1").await["status"], "completed");
    drop(allowed);

    has_list.store(true, Ordering::SeqCst);
    waiting.wait_for_log("claims orders again").await;
    world.enqueue("A-2", 1).await;
    assert_eq!(world.result("A-2").await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn product_list_is_published_for_shops() {
    let world = World::start();
    world
        .redis
        .command::<u64>(&["HSET", "{hp}:products", "1", "an earlier product"])
        .await;
    let _worker = world.worker();
    let products = world.redis.wait_until("the product list", || async {
        let products: e2e::Entry = world.redis.command(&["HGETALL", "{hp}:products"]).await;
        products.contains_key("2").then_some(products)
    });
    let products = products.await;
    let updated_at: u64 = products["updated_at"].parse().unwrap();
    assert!(updated_at > 1_700_000_000_000 && !products.contains_key("1"));
    let product = |id: &str| serde_json::from_str::<Value>(&products[id]).unwrap();
    let fixed = serde_json::json!({
        "name": "Demo Card", "category": "10 Units", "region": "CN", "currency": "CNY", "par_value": "10.00",
        "open_value": false, "discount_rate": "5.00%", "max_fetch_quantity": 20,
    });
    assert_eq!(product("2"), fixed);
    assert_eq!(product("71")["open_value"], true);

    let shown = Worker::output(&["products"], &world.settings(&[]));
    let shown = String::from_utf8(shown.stdout).unwrap();
    let open = shown.lines().find(|line| line.starts_with("71")).unwrap();
    assert!(
        open.contains("open") && shown.contains("refuses an order"),
        "{shown}"
    );
}
