//! Probes learn whether a worker lives and whether it is ready, whatever Redis and HitPoints do.
//!
//! The tests wait for commands on one thread, so the sandbox answers on another.

mod command;
mod systemd;
mod unit_file;

use e2e::{
    Redis, TIMEOUT, Worker, World,
    proxy::{Link, Proxy},
};
use hp_sandbox::Options;
use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::task::{block_in_place, yield_now};

use crate::admin_server::{address, send};

/// The admin server of a process.
struct Probe {
    address: String,
}

/// What a probe got.
#[derive(Debug)]
struct Answer {
    status: u16,
    body: String,
}

impl Probe {
    async fn of(worker: &Worker) -> Self {
        Self {
            address: address(worker).await,
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.request(&format!("GET {path} HTTP/1.1"), &[]).await
    }

    async fn request(&self, line: &str, headers: &[&str]) -> Answer {
        let lines = [&[line, "Host: localhost"], headers].concat();
        let text = send(&self.address, &lines).await;
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            body: body.to_owned(),
        }
    }

    /// Asks until this path has this status. Returns the answer.
    async fn wait_for(&self, path: &str, status: u16) -> Answer {
        let asked = async {
            loop {
                let answer = self.get(path).await;
                if answer.status == status {
                    return answer;
                }
                yield_now().await;
            }
        };
        let answer = tokio::time::timeout(TIMEOUT, asked).await;
        answer.unwrap_or_else(|_| panic!("{path} never answers {status}"))
    }

    async fn assert_live(&self) {
        let answer = self.get("/livez").await;
        assert_eq!((answer.status, &*answer.body), (200, "poller: ok\n"));
    }

    /// Asserts that the process lives and becomes ready.
    async fn assert_well(&self) {
        let ready = self.wait_for("/readyz", 200).await;
        assert_eq!(
            ready.body,
            "configuration: ok\nredis: ok\nshutdown: ok\nstart: ok\n"
        );
        self.assert_live().await;
    }

    /// Waits until the process is not ready because of this check alone, while it lives.
    async fn wait_for_failure(&self, check: &str) -> String {
        let answer = self.wait_for("/readyz", 503).await;
        self.assert_live().await;
        let is_failed = |line: &&str| !line.ends_with(": ok");
        let failed: Vec<_> = answer.body.lines().filter(is_failed).collect();
        let start = format!("{check}: failed: ");
        assert!(
            failed.len() == 1 && failed[0].starts_with(&start),
            "{answer:?}"
        );
        failed[0][start.len()..].to_owned()
    }

    /// Runs `worker health` with these words. Returns its exit code and its output.
    fn health(&self, words: &[&str]) -> (i32, String) {
        let settings = [("HP_ADMIN__LISTEN", &*self.address)];
        health(words, &settings)
    }
}

/// Runs `worker health`, which needs no Redis and no account. Returns its exit code and its output, without the
/// name of the worker.
fn health(words: &[&str], settings: &[(&str, &str)]) -> (i32, String) {
    let settings = settings.iter();
    let settings: Vec<_> = settings
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let words = [&["health"], words].concat();
    let output = block_in_place(|| Worker::output(&words, &settings));
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    let lines = text.split_inclusive('\n');
    let lines = lines.filter(|line| !line.starts_with("worker  "));
    (output.status.code().unwrap(), lines.collect())
}

const WELL: &str = "live    ok\nready   ok\n";

#[tokio::test(flavor = "multi_thread")]
async fn working_worker_is_live_and_ready() {
    let world = World::start();
    let worker = world.worker();
    let probe = Probe::of(&worker).await;
    probe.assert_well().await;
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    probe.assert_well().await;
    for path in ["/livez", "/readyz", "/healthz"] {
        let head = probe.request(&format!("HEAD {path} HTTP/1.1"), &[]).await;
        assert_eq!((head.status, &*head.body), (200, ""), "{path}");
        let post = probe.request(&format!("POST {path} HTTP/1.1"), &[]).await;
        assert_eq!(post.status, 405, "{path}");
    }
    let answer = probe.get("/healthz").await;
    let report: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(report["live"]["ok"], true);
    assert_eq!(report["live"]["checks"]["poller"], "ok");
    assert_eq!(report["ready"]["checks"]["configuration"], "ok");
    assert_ne!(report["worker"].as_str().unwrap(), "");
    assert_eq!(probe.health(&[]), (0, WELL.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_that_may_not_claim_is_well() {
    let world = World::start();
    let slow = [("HP_WORKER__RATE", "0.1"), ("HP_WORKER__CONCURRENCY", "1")];
    let worker = world.worker_with(&slow);
    let probe = Probe::of(&worker).await;
    for n in 0..5 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    world.result("A-0").await;
    probe.assert_well().await;
    world.control().pause("stocktaking", "Ada").await.unwrap();
    worker.wait_for_log("queue paused").await;
    probe.assert_well().await;
    assert_eq!(probe.health(&[]), (0, WELL.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_with_only_slow_orders_is_well() {
    let world = World::start();
    let slow = [
        ("HP_API__TIMEOUT", "50s"),
        ("HP_RETRY__RESUBMIT_AFTER", "60s"),
        ("HP_WORKER__CONCURRENCY", "2"),
    ];
    let worker = world.worker_with(&slow);
    let probe = Probe::of(&worker).await;
    for id in ["A-1~timeout-after", "A-2~timeout-after"] {
        world.enqueue(id, 1).await;
    }
    for id in ["A-1~timeout-after", "A-2~timeout-after"] {
        world.wait_for_charge(id).await;
    }
    probe.assert_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_vendor_changes_no_health() {
    let world = World::start();
    world.sandbox.set_fault("drop-before", 1.0).unwrap();
    world.sandbox.set_fault("query:drop-before", 1.0).unwrap();
    let worker = world.worker();
    let probe = Probe::of(&worker).await;
    for n in 0..10 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    worker.wait_for_log("breaker open").await;
    probe.assert_well().await;

    let nowhere = [("HP_API__BASE_URL", "http://127.0.0.1:1")];
    let world = World::start();
    let worker = world.worker_with(&nowhere);
    worker.wait_for_log("this process claims no orders").await;
    let probe = Probe::of(&worker).await;
    probe.assert_well().await;
    assert_eq!(probe.health(&[]), (0, WELL.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn front_end_that_asks_for_less_changes_no_health() {
    let world = World::with_vendor(Options {
        front_end_rate: Some(1),
        ..Options::local()
    });
    let worker = world.worker();
    for n in 0..10 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    let asked = || async {
        let words = ["EXISTS", "{hp}:throttle"];
        (world.redis.command::<u64>(&words).await > 0).then_some(())
    };
    world
        .redis
        .wait_until("a wish for fewer calls", asked)
        .await;
    Probe::of(&worker).await.assert_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_checks_call_no_vendor() {
    let world = World::start();
    // While the queue is paused, this process makes no call of its own.
    world.control().pause("stocktaking", "Ada").await.unwrap();
    let settings = world.settings_as("worker", &[]);
    let process = Worker::start_command("reconcile", &settings);
    let probe = Probe::of(&process).await;
    probe.wait_for("/readyz", 200).await;
    for _ in 0..50 {
        for path in ["/livez", "/readyz", "/healthz"] {
            assert_eq!(probe.get(path).await.status, 200);
        }
    }
    assert_eq!(world.sandbox.calls(), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_without_redis_lives_and_is_not_ready() {
    let mut world = World::start();
    let worker = world.worker();
    let probe = Probe::of(&worker).await;
    probe.assert_well().await;
    world.redis.crash();
    let reason = probe.wait_for_failure("redis").await;
    assert!(!reason.is_empty());
    let (code, text) = probe.health(&[]);
    assert_eq!(code, 1, "{text}");
    let expected = "live    ok\nready   redis failed: ";
    assert!(text.starts_with(expected), "{text}");
    assert_eq!(probe.health(&["--live"]), (0, "live    ok\n".into()));
    assert_eq!(probe.health(&["--ready"]).0, 1);
    let report = probe.get("/healthz").await;
    assert_eq!(report.status, 503);
    world.redis.restart();
    probe.assert_well().await;
    assert_eq!(probe.health(&[]), (0, WELL.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_redis_is_noticed() {
    let world = World::with_redis(Redis::single(), Options::local());
    let proxy = Proxy::start(world.redis.server().address().parse().unwrap(), 1).await;
    let url = format!("redis://{}", proxy.addr());
    let worker = world.worker_with(&[("HP_REDIS__URL", &url)]);
    let probe = Probe::of(&worker).await;
    probe.assert_well().await;
    proxy.set(Link::Stall);
    probe.wait_for_failure("redis").await;
    proxy.set(Link::Pass);
    probe.assert_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn start_without_redis_is_live() {
    let world = World::with_redis(Redis::single(), Options::local());
    let proxy = Proxy::start(world.redis.server().address().parse().unwrap(), 1).await;
    proxy.set(Link::Cut);
    let url = format!("redis://{}", proxy.addr());
    let worker = world.worker_with(&[("HP_REDIS__URL", &url)]);
    worker.wait_for_log("cannot use Redis").await;
    let probe = Probe::of(&worker).await;
    probe.assert_live().await;
    let answer = probe.get("/readyz").await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("start: failed: "), "{answer:?}");
    let (code, text) = probe.health(&[]);
    assert_eq!(code, 1);
    assert!(text.contains("has not joined the queue yet"), "{text}");
    assert_eq!(probe.health(&["--live"]).0, 0);
    proxy.set(Link::Pass);
    probe.assert_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_worker_lives_and_is_not_ready() {
    let world = World::start();
    let slow = [
        ("HP_API__TIMEOUT", "50s"),
        ("HP_RETRY__RESUBMIT_AFTER", "60s"),
    ];
    let mut worker = world.worker_with(&slow);
    let probe = Probe::of(&worker).await;
    probe.assert_well().await;
    world.enqueue("A-1~timeout-after", 1).await;
    world.wait_for_charge("A-1~timeout-after").await;
    worker.signal(Signal::SIGTERM);
    worker.wait_for_log("shutdown requested").await;
    probe.wait_for_failure("shutdown").await;
    let (code, text) = probe.health(&[]);
    assert_eq!(code, 1);
    assert!(text.contains("ready   shutdown failed: "), "{text}");
    worker.signal(Signal::SIGTERM);
    worker.wait_for_exit().await;
    let (code, text) = probe.health(&[]);
    assert_eq!(code, 1);
    assert!(text.contains("nobody listens at 127.0.0.1:"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_that_does_not_fit_the_queue_is_not_ready() {
    let world = World::start();
    let worker = world.worker();
    let probe = Probe::of(&worker).await;
    probe.assert_well().await;
    let store = async |name: &str, value: &str| {
        let words = ["HSET", "{hp}:queue", name, value];
        world.redis.command::<u64>(&words).await
    };
    let read =
        async |name: &str| -> String { world.redis.command(&["HGET", "{hp}:queue", name]).await };
    for (name, value, reason) in [
        ("account", "other@https://api.hitpoints.com", "other@https"),
        ("protocol", "99", "version 99"),
        ("retry.resubmit_after", "1000", "could be charged twice"),
    ] {
        let right = read(name).await;
        store(name, value).await;
        let failure = probe.wait_for_failure("configuration").await;
        assert!(failure.contains(reason), "{failure}");
        assert_eq!(probe.health(&["--live"]).0, 0);
        assert_eq!(probe.health(&["--ready"]).0, 1);
        store(name, &right).await;
        probe.assert_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_rule_is_followed_and_changes_no_health() {
    let world = World::start();
    let first = world.worker();
    let probe = Probe::of(&first).await;
    probe.assert_well().await;
    let second = world.worker_with(&[("HP_WORKER__RATE", "50")]);
    first.wait_for_log("uses a rule of the queue").await;
    probe.assert_well().await;
    Probe::of(&second).await.assert_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduled_reconciliation_has_a_health() {
    let world = World::start();
    let settings = world.settings_as("worker", &[]);
    let mut process = Worker::start_command("reconcile", &settings);
    let probe = Probe::of(&process).await;
    probe.wait_for("/readyz", 200).await;
    let live = probe.get("/livez").await;
    assert_eq!((live.status, &*live.body), (200, "scheduler: ok\n"));
    assert_eq!(probe.health(&[]), (0, WELL.into()));
    world.control().pause("stocktaking", "Ada").await.unwrap();
    let words = ["HSET", "{hp}:queue", "protocol", "99"];
    world.redis.command::<u64>(&words).await;
    let answer = probe.wait_for("/readyz", 503).await;
    assert!(
        answer.body.contains("configuration: failed: "),
        "{answer:?}"
    );
    assert_eq!(probe.get("/livez").await.status, 200);
    process.signal(Signal::SIGTERM);
    assert!(process.wait_for_exit().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_is_not_ready_while_redis_refuses_writes() {
    let world = World::start();
    let worker = world.worker();
    let probe = Probe::of(&worker).await;
    probe.assert_well().await;
    let least = |number| ["CONFIG", "SET", "min-replicas-to-write", number];
    world.redis.command::<()>(&least("9")).await;
    let reason = probe.wait_for_failure("redis").await;
    assert!(reason.contains("NOREPLICAS"), "{reason}");
    world.redis.command::<()>(&least("0")).await;
    probe.assert_well().await;
}
