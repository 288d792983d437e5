//! `worker doctor` checks the environment of the worker, and names a remedy for each failure.
//!
//! The tests wait for the command on one thread, so the sandbox answers on another.

use e2e::{Redis, Worker, World};
use hp_sandbox::Options;

/// Runs the doctor. Returns `true` if it exits with 0, and its lines.
fn run_doctor(world: &World, settings: &[(&str, &str)]) -> (bool, Vec<String>) {
    let output = Worker::output(&["doctor"], &world.settings(settings));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("demo-secret"));
    (
        output.status.success(),
        text.lines().map(str::to_owned).collect(),
    )
}

/// The line of the check `what`, and the remedy below it.
fn line<'a>(lines: &'a [String], what: &str) -> (&'a str, &'a str) {
    let at = lines
        .iter()
        .position(|line| line[6..].starts_with(what))
        .unwrap_or_else(|| panic!("nothing about {what} in {lines:#?}"));
    let below = lines.get(at + 1).map_or("", String::as_str);
    (&lines[at], below)
}

/// A world whose Redis has no risks, and whether it is replicated.
async fn safe_world() -> (World, bool) {
    let world = World::start();
    let is_replicated = world.redis.url().contains("+sentinel");
    if is_replicated {
        let needed = ["CONFIG", "SET", "min-replicas-to-write", "1"];
        world.redis.command::<()>(&needed).await;
    }
    (world, is_replicated)
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_passes_correct_setup() {
    let (world, is_replicated) = safe_world().await;
    let (passed, lines) = run_doctor(&world, &[]);
    assert!(passed, "{lines:#?}");
    assert_eq!(lines.len(), 17 + usize::from(is_replicated), "{lines:#?}");
    assert!(
        lines.iter().all(|line| line.starts_with("ok ")),
        "{lines:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_names_redis_risks_with_remedies() {
    let (world, _) = safe_world().await;
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
        world
            .redis
            .command::<()>(&["CONFIG", "SET", name, value])
            .await;
        let (passed, lines) = run_doctor(&world, &[]);
        let (seen, below) = line(&lines, what);
        assert!(seen.starts_with(verdict), "{seen}");
        assert!(below.contains(remedy), "{below}");
        assert_eq!(passed, verdict == "warn");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_reports_paused_queue_and_replica() {
    // A cluster does not support REPLICAOF, and Sentinel names only its master.
    let world = World::with_redis(Redis::single(), Options::local());
    world
        .redis
        .command::<u64>(&["HSET", "{hp}:paused", "reason", "the contract ended"])
        .await;
    let (passed, lines) = run_doctor(&world, &[]);
    assert!(!passed);
    let (seen, remedy) = line(&lines, "queue");
    assert!(seen.starts_with("BAD") && seen.contains("the contract ended"));
    assert!(remedy.contains("worker resume"), "{remedy}");

    world
        .redis
        .command::<()>(&["REPLICAOF", "127.0.0.1", "1"])
        .await;
    let (passed, lines) = run_doctor(&world, &[]);
    assert!(!passed && line(&lines, "role").0.starts_with("BAD"));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_separates_bad_secret_from_no_network() {
    let world = World::start();
    let (passed, lines) = run_doctor(&world, &[("HP_API__APP_SECRET", "wrong")]);
    let (seen, remedy) = line(&lines, "credentials");
    assert!(!passed && seen.contains("400107") && remedy.contains("secret"));

    let (passed, lines) = run_doctor(&world, &[("HP_API__BASE_URL", "http://127.0.0.1:1")]);
    let (seen, remedy) = line(&lines, "vendor");
    assert!(!passed && seen.contains("unreachable") && remedy.contains("never sent"));
    assert!(remedy.contains("network"));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_reports_unreachable_redis_without_password() {
    let world = World::start();
    let (passed, lines) = run_doctor(&world, &[("HP_REDIS__URL", "redis://:hunter2@127.0.0.1:1")]);
    let (seen, remedy) = line(&lines, "redis");
    assert!(!passed && seen.contains("redis://127.0.0.1:1") && remedy.contains("redis.url"));
    assert!(!lines.concat().contains("hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_warns_if_vendor_denies_known_record() {
    let (world, _) = safe_world().await;
    {
        let _worker = world.worker();
        world.enqueue("A-1", 1).await;
        world.result("A-1").await;
    }
    world.sandbox.set_fault("query:code-400124", 1.0).unwrap();
    let (passed, lines) = run_doctor(&world, &[]);
    let (seen, remedy) = line(&lines, "probe");
    assert!(passed && seen.starts_with("warn"), "{seen}");
    assert!(seen.contains("order A-1") && remedy.contains("submit"));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_compares_the_clocks_of_all_three() {
    let world = World::start();
    let (_, lines) = run_doctor(&world, &[]);
    for (what, owners) in [
        ("clock", "Redis and this machine"),
        ("vendor's clock", "HitPoints and this machine"),
        ("ledger's clock", "HitPoints and Redis"),
    ] {
        let (seen, _) = line(&lines, what);
        assert!(seen.contains(owners) && seen.starts_with("ok"), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_a_redis_that_accepts_no_writes() {
    let world = World::start();
    for (name, value, words) in [
        ("min-replicas-to-write", "3", "too few replicas"),
        ("maxmemory", "1", "full"),
    ] {
        let set = ["CONFIG", "SET", name, value];
        world.redis.command::<()>(&set).await;
        let (passed, lines) = run_doctor(&world, &[]);
        let (seen, remedy) = line(&lines, "write");
        assert!(!passed && seen.starts_with("BAD"), "{seen}");
        assert!(seen.contains(words) && remedy.contains("->"), "{seen}");
        let reset = ["CONFIG", "SET", name, "0"];
        world.redis.command::<()>(&reset).await;
    }
}
