//! Redis that accepts only TLS and only clients with a certificate: one server, a cluster, and Sentinel.

use e2e::{Protection, Redis, Worker, World, assert_fields, certificate_file, secret_file};
use hp_sandbox::Options;
use nix::sys::signal::Signal;

fn world(redis: Redis) -> World {
    World::with_redis(redis, Options::local())
}

/// The output of a command that succeeds.
fn output(words: &[&str], settings: &[(String, String)]) -> String {
    let output = Worker::output(words, settings);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_only_redis_serves_every_command() {
    let world = world(Redis::protected(Protection::TLS));
    let worker = world.worker();
    let settings = world.settings(&[]);
    output(&e2e::ENQUEUE, &settings);
    assert_fields!(world.result("A-1").await, { "status": "completed", "attempts": "1" });
    for words in [
        &["status"][..],
        &["doctor"],
        &["orders"],
        &["results", "--group", "till", "--consumer", "me"],
        &["pause", "--why", "a test"],
        &["resume"],
    ] {
        output(words, &settings);
    }
    worker.signal(Signal::SIGTERM);
    let mut worker = worker;
    assert!(worker.wait_for_exit().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_only_cluster_with_users_buys() {
    let world = world(Redis::protected_cluster(Protection::FULL));
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    assert_fields!(world.result("A-1").await, { "status": "completed", "attempts": "1" });
    output(&["doctor"], &world.settings(&[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_only_sentinel_with_users_fails_over() {
    let mut world = world(Redis::protected_sentinel(Protection::FULL));
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    assert_fields!(world.result("A-1").await, { "status": "completed" });
    world.redis.replicated().await;
    world.redis.fail_over(Signal::SIGKILL);
    world.enqueue("A-2", 1).await;
    assert_fields!(world.result("A-2").await, { "status": "completed" });
    assert_eq!(world.charge_count("A-2"), 1);
}
