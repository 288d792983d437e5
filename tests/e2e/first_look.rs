//! An operator's first look: which queue it is, what Redis and HitPoints do, and what the words mean.
//!
//! The tests wait for commands on one thread, so the sandbox answers on another.

use std::time::Duration;

use e2e::{Redis, Worker, World};
use hp_sandbox::Options;
use serde_json::Value;

use crate::{
    claims::{ENDED_LEASE, claim_one},
    obstacles::{assert_loud, kinds, run, run_with},
};

/// Fills Redis, as far as it can tell.
async fn fill(world: &World) {
    let full = ["CONFIG", "SET", "maxmemory", "1"];
    world.redis.command::<()>(&full).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn full_redis_is_named_and_can_be_paused() {
    let world = World::with_redis(Redis::single(), Options::local());
    let _worker = world.worker();
    let alive = || async { (!heartbeat(&world).await.is_empty()).then_some(()) };
    world.redis.wait_until("a heartbeat", alive).await;
    fill(&world).await;
    assert_loud(&world, &["full", "raise maxmemory"]);
    let (code, text) = run_with(&world, &["pause", "--why", "memory"], &[("USER", "Ada")]);
    assert_eq!(code, 0, "{text}");
    assert_loud(&world, &["the queue is paused", "memory"]);
    let (code, text) = run(&world, &["resume"]);
    assert_eq!(code, 0, "{text}");
    // Its heartbeats go on: after a lease it would be gone from `status`.
    tokio::time::timeout(Duration::from_secs(20), async {
        let first = heartbeat(&world).await;
        while heartbeat(&world).await == first {}
    })
    .await
    .expect("no heartbeat in a full Redis");
}

/// Until when the worker counts as alive.
async fn heartbeat(world: &World) -> Vec<String> {
    let words = ["ZRANGE", "{hp}:workers", "0", "-1", "WITHSCORES"];
    world.redis.command(&words).await
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_stops_orders_is_named_in_status() {
    let world = World::with_redis(Redis::single(), Options::local());
    world.enqueue("A-1", 1).await;
    claim_one(&world.ledger(), ENDED_LEASE).await;
    for (name, value, kind, words) in [
        (
            "maxmemory-policy",
            "allkeys-lru",
            "redis_unsafe",
            "deletes orders",
        ),
        (
            "min-replicas-to-write",
            "3",
            "redis_refuses",
            "too few replicas",
        ),
    ] {
        let default: Vec<String> = world.redis.command(&["CONFIG", "GET", name]).await;
        let set = ["CONFIG", "SET", name, value];
        world.redis.command::<()>(&set).await;
        let (code, text) = run(&world, &["status"]);
        assert!(code == 1 && text.contains(words), "{text}");
        assert_eq!(kinds(&world)[0], kind);
        let (_, text) = run(&world, &["orders", "--json"]);
        let order: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(order["obstacle"], kind);
        let reset = ["CONFIG", "SET", name, &default[1]];
        world.redis.command::<()>(&reset).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_does_not_blame_credentials_for_an_outage() {
    let world = World::start();
    for (address, words) in [
        ("http://127.0.0.1:1", "unreachable"),
        (&*silent_vendor(), "does not answer"),
    ] {
        let settings = [("HP_API__BASE_URL", address), ("HP_API__TIMEOUT", "1s")];
        let (code, text) = run_with(&world, &["doctor"], &settings);
        assert_eq!(code, 1, "{text}");
        let line = text.lines().find(|line| line.contains("vendor ")).unwrap();
        assert!(line.starts_with("BAD") && line.contains(words), "{text}");
        assert!(
            !text.contains("credentials") && !text.contains("query before"),
            "{text}"
        );
    }
}

/// The address of a vendor that accepts connections and never answers.
fn silent_vendor() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // The connections stay open for as long as the test runs.
    std::thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn status_begins_with_queue_redis_and_account() {
    let world = World::with_redis(Redis::single(), Options::local());
    let url = world.redis.url().replace("redis://", "redis://:hunter2@");
    let user = ["CONFIG", "SET", "requirepass", "hunter2"];
    let (code, text) = run(&world, &["status"]);
    assert!(code == 0 && text.contains("nothing is here yet"), "{text}");
    assert!(text.contains("queue.prefix"), "{text}");
    {
        let worker = world.worker();
        worker.wait_for_log("the queue has an account now").await;
    }
    world.redis.command::<()>(&user).await;
    let (code, text) = run_with(&world, &["status"], &[("HP_REDIS__URL", &url)]);
    let first = text.lines().next().unwrap();
    assert_eq!(code, 0, "{text}");
    assert!(first.starts_with("queue"), "{first}");
    for part in ["{hp}", &world.redis.url(), "demo@"] {
        assert!(first.contains(part), "{first}");
    }
    assert!(
        !text.contains("hunter2") && !text.contains("nothing is here"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_list_of_orders_says_so() {
    let world = World::start();
    let (code, text) = run(&world, &["orders"]);
    assert_eq!((code, text.as_str()), (0, "no order is open\n"));
    let (code, text) = run(&world, &["orders", "--state", "review"]);
    assert_eq!((code, text.as_str()), (0, "there is no such order\n"));
    let (code, text) = run(&world, &["orders", "--json"]);
    assert_eq!((code, text.as_str()), (0, ""));
    world.enqueue("A-1", 1).await;
    let (_, text) = run(&world, &["orders"]);
    assert_eq!(text, "no order is open; 1 entry waits in the inbox\n");
}

#[test]
fn reasons_explain_the_words_of_other_commands() {
    let (code, all) = reasons(&["reasons"]);
    assert_eq!(code, 0);
    let (code, help) = reasons(&["help", "reasons"]);
    assert_eq!(code, 0);
    for word in [
        "review",
        "misfit",
        "control_denied",
        "gave_up",
        "invalid_job",
        "no_worker",
    ] {
        assert!(all.contains(word) && help.contains(word), "{word}");
        let (code, text) = reasons(&["reasons", word]);
        assert!(code == 0 && text.contains("->"), "{text}");
    }
    let (code, text) = reasons(&["reasons", "nonsense"]);
    assert!(code == 1 && text.contains("nonsense"), "{text}");
    let (_, text) = reasons(&["reasons", "review", "--json"]);
    let kinds: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].clone())
        .collect();
    assert_eq!(kinds, ["state", "obstacle"]);
}

/// Needs no settings.
fn reasons(words: &[&str]) -> (i32, String) {
    let output = Worker::output(words, &[]);
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(text).unwrap(),
    )
}
