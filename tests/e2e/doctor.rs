//! `worker doctor` finds what is wrong around the worker, and says what to do.
//!
//! The sandbox answers on another thread than the one that waits for the command.

use e2e::{Redis, Worker, World};
use hp_sandbox::Options;

/// The exit's success, and the lines.
fn examined(world: &World, settings: &[(&str, &str)]) -> (bool, Vec<String>) {
    let output = Worker::command(&["doctor"], &world.settings(settings));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("demo-secret"));
    (
        output.status.success(),
        text.lines().map(str::to_owned).collect(),
    )
}

/// The line about `what`, and the remedy below it.
fn line<'a>(lines: &'a [String], what: &str) -> (&'a str, &'a str) {
    let at = lines
        .iter()
        .position(|line| line[6..].starts_with(what))
        .unwrap_or_else(|| panic!("nothing about {what} in {lines:#?}"));
    let below = lines.get(at + 1).map_or("", String::as_str);
    (&lines[at], below)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_around_a_worker_that_is_set_up_right() {
    let world = World::start();
    let (well, lines) = examined(&world, &[]);
    assert!(well, "{lines:#?}");
    assert_eq!(lines.len(), 11, "{lines:#?}");
    assert!(
        lines.iter().all(|line| line.starts_with("ok ")),
        "{lines:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_danger_in_redis_is_named_with_its_remedy() {
    let world = World::start();
    let cases = [
        (
            "appendfsync",
            "everysec",
            "fsync",
            "warn",
            "appendfsync always",
        ),
        ("appendonly", "no", "append-only", "BAD", "appendonly yes"),
        (
            "maxmemory-policy",
            "allkeys-lru",
            "memory",
            "BAD",
            "noeviction",
        ),
    ];
    for (name, value, what, verdict, remedy) in cases {
        world.redis.run::<()>(&["CONFIG", "SET", name, value]).await;
        let (well, lines) = examined(&world, &[]);
        let (seen, below) = line(&lines, what);
        assert!(seen.starts_with(verdict), "{seen}");
        assert!(below.contains(remedy), "{below}");
        assert_eq!(well, verdict == "warn");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_queue_and_a_replica_are_told() {
    // A cluster makes replicas by other means, and Sentinel names no other server than its master.
    let world = World::over(Redis::single(), Options::local());
    world
        .redis
        .run::<u64>(&["HSET", "{hp}:paused", "reason", "the contract ended"])
        .await;
    let (well, lines) = examined(&world, &[]);
    assert!(well);
    assert!(line(&lines, "queue").0.contains("the contract ended"));

    world
        .redis
        .run::<()>(&["REPLICAOF", "127.0.0.1", "1"])
        .await;
    let (well, lines) = examined(&world, &[]);
    assert!(!well && line(&lines, "role").0.starts_with("BAD"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_and_a_vendor_out_of_reach_are_told_apart() {
    let world = World::start();
    let (well, lines) = examined(&world, &[("HP_API__APP_SECRET", "wrong")]);
    let (seen, remedy) = line(&lines, "credentials");
    assert!(!well && seen.contains("400107") && remedy.contains("secret"));

    let (well, lines) = examined(&world, &[("HP_API__BASE_URL", "http://127.0.0.1:1")]);
    let (seen, remedy) = line(&lines, "credentials");
    assert!(!well && seen.contains("never sent") && remedy.contains("network"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_out_of_reach_is_told_without_its_password() {
    let world = World::start();
    let (well, lines) = examined(&world, &[("HP_REDIS__URL", "redis://:hunter2@127.0.0.1:1")]);
    let (seen, remedy) = line(&lines, "redis");
    assert!(!well && seen.contains("redis://127.0.0.1:1") && remedy.contains("redis.url"));
    assert!(!lines.concat().contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_denies_a_record_it_has_is_told() {
    let world = World::start();
    {
        let _worker = world.worker();
        world.order("A-1", 1).await;
        world.result("A-1").await;
    }
    world.sandbox.set_fault("query:code-400124", 1.0).unwrap();
    let (well, lines) = examined(&world, &[]);
    let (seen, remedy) = line(&lines, "probe");
    assert!(well && seen.starts_with("warn"), "{seen}");
    assert!(seen.contains("order A-1") && remedy.contains("never submitted again"));
}
