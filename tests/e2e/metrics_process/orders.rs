use e2e::{World, assert_fields};
use hp_sandbox::{Duplicate, Options};
use nix::sys::signal::Signal;

use super::Scrape;

/// The ways in which a worker ends an order: status, reason, and the number of orders in the test below.
const ENDS: [(&str, &str, u64); 6] = [
    ("completed", "none", 2),
    ("failed", "refused", 1),
    ("failed", "gave_up", 1),
    ("rejected", "unknown_product", 1),
    ("rejected", "quantity_over_limit", 1),
    ("expired", "deadline_passed", 1),
];

async fn enqueue(world: &World, id: &str, product: &str, quantity: &str, more: &[(&str, &str)]) {
    let job = [
        ("order_id", id),
        ("product_id", product),
        ("quantity", quantity),
    ];
    world.enqueue_job(&[&job, more].concat()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_orders_are_counted_by_reason() {
    // Product 31 is sold in dollars, and product 2 is not.
    let world = World::with_vendor(Options {
        balance: vec!["USD=100000".parse().unwrap()],
        ..Options::local()
    });
    let worker = world.worker_with(&[
        ("HP_WORKER__LEASE", "1s"),
        ("HP_API__TIMEOUT", "1s"),
        ("HP_RETRY__RESUBMIT_AFTER", "2500ms"),
        ("HP_RETRY__GIVE_UP_AFTER", "3s"),
    ]);
    enqueue(&world, "A-1", "31", "1", &[]).await;
    enqueue(&world, "A-2", "31", "2", &[]).await;
    enqueue(&world, "A-3", "2", "1", &[]).await;
    enqueue(&world, "A-4", "9999", "1", &[]).await;
    enqueue(&world, "A-5", "31", "5000", &[]).await;
    let late = [("deadline", "978307200000")];
    enqueue(&world, "A-6", "31", "1", &late).await;
    // No balance until the order is too old.
    enqueue(&world, "A-7~low-balance", "31", "1", &[]).await;
    let ids = ["A-1", "A-2", "A-3", "A-4", "A-5", "A-6", "A-7~low-balance"].map(str::to_owned);
    world.results_of_all(&ids).await;
    let scrape = Scrape::after_ends(&worker, 7).await;
    for (status, reason, orders) in ENDS {
        let name = format!("hp_orders_ended_total{{status=\"{status}\",reason=\"{reason}\"}}");
        assert_eq!(scrape.count(&name), orders, "{name}");
    }
    assert_eq!(world.stream("{hp}:results").await.len(), 7);
    assert_eq!(scrape.ended(), 7);
    assert_eq!(scrape.count("hp_order_duration_seconds_count"), 7);
    assert!(scrape.measure("hp_order_duration_seconds_sum") >= 3.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn replay_ends_no_order() {
    let world = World::start();
    let worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    world.enqueue("A-1", 1).await;
    world.results("A-1", 2).await;
    world.enqueue("A-2", 1).await;
    world.result("A-2").await;
    let scrape = Scrape::after_ends(&worker, 2).await;
    assert_eq!(scrape.ended(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_and_queries_follow_the_records() {
    let world = World::start();
    let worker = world.worker();
    let ids = ["A-1", "A-2~lost-answer", "A-3~http-500-before"].map(str::to_owned);
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    let results = world.results_of_all(&ids).await;
    let attempts = |id: usize| results[id]["attempts"].parse::<u64>().unwrap();
    assert_eq!((attempts(0), attempts(1), attempts(2)), (1, 1, 2));
    let mut checks = 0;
    for id in &ids {
        checks += world.record(id).await["checks"].parse::<u64>().unwrap();
    }
    assert!(checks >= 2, "{checks}");
    let scrape = Scrape::after_ends(&worker, 3).await;
    assert_eq!(scrape.count("hp_attempts_total"), 4);
    assert_eq!(scrape.count("hp_queries_total"), checks);
}

#[tokio::test(flavor = "multi_thread")]
async fn order_duration_contains_the_call() {
    let world = World::with_vendor(Options {
        latency: "600ms".parse().unwrap(),
        ..Options::local()
    });
    let worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    let scrape = Scrape::after_ends(&worker, 1).await;
    assert!(scrape.measure("hp_order_duration_seconds_sum") >= 0.6);
    let half = "hp_order_duration_seconds_bucket{le=\"0.5\"}";
    assert_eq!(scrape.count(half), 0);
    let day = "hp_order_duration_seconds_bucket{le=\"86400\"}";
    assert_eq!(scrape.count(day), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn order_duration_contains_the_wait_in_the_inbox() {
    let world = World::start();
    let now = world.now().await;
    // Plain, and with a field more: workers claim these in different ways. The last two times are a producer's.
    let jobs: [(u64, &[&str]); 5] = [
        (now - 7000, &[]),
        (now - 6000, &["meta", "m"]),
        (now - 5000, &["deadline", "999999999999999"]),
        (now + 3_600_000, &[]),
        (now + 3_600_001, &["meta", "m"]),
    ];
    for (n, (time, more)) in jobs.into_iter().enumerate() {
        let (entry, id) = (format!("{time}-0"), format!("A-{n}"));
        let order = ["order_id", &id, "product_id", "2", "quantity", "1"];
        let words = [&["XADD", "{hp}:jobs", &entry][..], &order, more].concat();
        world.redis.command::<String>(&words).await;
    }
    let worker = world.worker();
    let scrape = Scrape::after_ends(&worker, 5).await;
    let sum = scrape.measure("hp_order_duration_seconds_sum");
    assert!((18.0..3600.0).contains(&sum), "{sum}");
    let short = "hp_order_duration_seconds_bucket{le=\"2.5\"}";
    assert!(scrape.count(short) <= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_entry_time_does_not_count() {
    let world = World::start();
    let words = "XADD {hp}:jobs 1-1 order_id A-1 product_id 2 quantity 1";
    let words: Vec<_> = words.split(' ').collect();
    world.redis.command::<String>(&words).await;
    let worker = world.worker();
    let scrape = Scrape::after_ends(&worker, 1).await;
    let sum = scrape.measure("hp_order_duration_seconds_sum");
    assert!(sum < 86_400.0, "{sum}");
}

#[tokio::test(flavor = "multi_thread")]
async fn order_in_flight_takes_a_slot() {
    let world = World::with_vendor(Options {
        hold: std::time::Duration::from_secs(5),
        ..Options::local()
    });
    let settings = [
        ("HP_WORKER__CONCURRENCY", "3"),
        ("HP_API__TIMEOUT", "20s"),
        ("HP_RETRY__RESUBMIT_AFTER", "40s"),
    ];
    let worker = world.worker_with(&settings);
    let slots = |scrape: &Scrape| {
        let names = ["hp_orders_in_flight", "hp_free_slots"];
        names.map(|name| scrape.count(name))
    };
    assert_eq!(slots(&Scrape::of(&worker).await), [0, 3]);
    world.enqueue("A-1~timeout-after", 1).await;
    Scrape::until(&worker, |scrape| slots(scrape) == [1, 2]).await;
    let result = world.result("A-1~timeout-after").await;
    assert_fields!(result, { "status": "completed", "source": "query" });
    Scrape::until(&worker, |scrape| slots(scrape) == [0, 3]).await;
}

fn slow_vendor() -> Options {
    Options {
        latency: "1s".parse().unwrap(),
        duplicate: Duplicate::Charge,
        ..Options::local()
    }
}

const LEASE: [(&str, &str); 1] = [("HP_WORKER__LEASE", "1s")];

#[tokio::test(flavor = "multi_thread")]
async fn order_of_killed_worker_is_a_takeover() {
    let world = World::with_vendor(slow_vendor());
    let killed = world.worker_with(&LEASE);
    world.enqueue("A-1", 1).await;
    world.wait_for_charge("A-1").await;
    killed.signal(Signal::SIGKILL);
    let worker = world.worker_with(&LEASE);
    assert_eq!(world.result("A-1").await["status"], "completed");
    world.enqueue("A-2", 1).await;
    world.result("A-2").await;
    let scrape = Scrape::after_ends(&worker, 2).await;
    assert_eq!(scrape.count("hp_lease_takeovers_total"), 1);
    assert_eq!(scrape.count("hp_fenced_settles_total"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn settle_of_suspended_worker_is_fenced() {
    let world = World::with_vendor(slow_vendor());
    let suspended = world.worker_with(&LEASE);
    world.enqueue("A-1", 1).await;
    world.wait_for_charge("A-1").await;
    suspended.signal(Signal::SIGSTOP);
    let _successor = world.worker_with(&LEASE);
    assert_eq!(world.result("A-1").await["status"], "completed");
    suspended.signal(Signal::SIGCONT);
    let is_fenced = |scrape: &Scrape| scrape.count("hp_fenced_settles_total") > 0;
    let scrape = Scrape::until(&suspended, is_fenced).await;
    assert_eq!(scrape.count("hp_fenced_settles_total"), 1);
    assert_eq!(scrape.ended(), 0);
}
