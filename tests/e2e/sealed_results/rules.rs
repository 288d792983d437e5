//! The public keys are rules of the queue: all its processes seal to them, through rotations, old settings and losses.

use e2e::World;

use super::{Keys, key_names};
use crate::obstacles::run_with;

#[tokio::test(flavor = "multi_thread")]
async fn key_rotation_needs_no_downtime() {
    let (world, keys) = (World::start(), Keys::new(&["old", "new"]));
    let first = keys.worker(&world, &["old"]);
    world.enqueue("A-1", 1).await;
    assert_eq!(key_names(&world.result("A-1").await["pins"]), ["old"]);

    // All others take over the keys of a worker with both.
    let second = keys.worker(&world, &["old", "new"]);
    first.wait_for_log("results.seal_to.new").await;
    drop(second);
    world.enqueue("A-2", 1).await;
    assert_eq!(
        key_names(&world.result("A-2").await["pins"]),
        ["new", "old"]
    );

    let third = keys.worker(&world, &["new"]);
    third.wait_for_log("results.seal_to.old").await;
    drop(first);
    world.enqueue("A-3", 1).await;
    assert_eq!(key_names(&world.result("A-3").await["pins"]), ["new"]);

    // What was sealed to the old key can be had for the new one.
    let words = ["republish", "A-1", "--why", "new key"];
    let (code, text) = run_with(&world, &words, &[]);
    assert_eq!(code, 0, "{text}");
    let replayed = world.results("A-1", 2).await.remove(1);
    assert_eq!(key_names(&replayed["pins"]), ["new"]);
    assert_eq!(world.charge_count("A-1"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_without_keys_seals_to_those_of_the_queue() {
    let (world, keys) = (World::start(), Keys::new(&["shop"]));
    let sealing = keys.worker(&world, &["shop"]);
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    drop(sealing);
    let clear = world.worker();
    world.enqueue("A-2", 1).await;
    assert_eq!(key_names(&world.result("A-2").await["pins"]), ["shop"]);
    assert!(!clear.log().contains("has changed a rule"));
    // A repetition of a sealed order stays sealed.
    world.enqueue("A-1", 1).await;
    let second = world.results("A-1", 2).await.remove(1);
    assert_eq!(second["pins_encoding"], "sealed-box");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_redis_lost_are_stored_again() {
    let (world, keys) = (World::start(), Keys::new(&["shop"]));
    let (name, key) = keys.setting("shop");
    let own = [(&*name, &*key)];
    let doctor = |settings: &[(&str, &str)]| run_with(&world, &["doctor"], settings).1;
    assert!(
        doctor(&own).contains("sealed to shop"),
        "the first worker stores them"
    );
    let clear = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    assert!(
        doctor(&own).contains("and the queue has none"),
        "the workers publish clear text"
    );
    drop(clear);

    let worker = keys.worker(&world, &["shop"]);
    worker.wait_for_log("product list fetched").await;
    let field = ["HDEL", "{hp}:queue", "results.seal_to.shop"];
    let lost = async || world.redis.command::<u64>(&field).await == 1;
    let is_lost = || async { lost().await.then_some(()) };
    world.redis.wait_until("the key to be there", is_lost).await;
    worker.wait_for_log("stores its own again").await;
    assert!(doctor(&[]).contains("sealed to shop"));
    let (_, text) = run_with(&world, &["republish", "A-1", "--why", "test"], &[]);
    let second = world.results("A-1", 2).await.remove(1);
    assert_eq!(second["pins_encoding"], "sealed-box", "{text}");
}

/// The steps of docs/security.md.
#[tokio::test(flavor = "multi_thread")]
async fn clear_text_needs_keys_out_of_the_queue() {
    let (world, keys) = (World::start(), Keys::new(&["shop"]));
    drop({
        let sealing = keys.worker(&world, &["shop"]);
        sealing.wait_for_log("product list fetched").await;
        sealing
    });
    drop({
        let without_keys = world.worker();
        world.enqueue("A-1", 1).await;
        assert_eq!(world.result("A-1").await["pins_encoding"], "sealed-box");
        without_keys
    });
    let remove = ["HDEL", "{hp}:queue", "results.seal_to.shop"];
    assert_eq!(world.redis.command::<u64>(&remove).await, 1);
    let _clear = world.worker();
    world.enqueue("A-2", 1).await;
    assert_eq!(world.result("A-2").await["pins_encoding"], "json");
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_seals_to_the_keys_of_the_queue() {
    let (world, keys) = (World::start(), Keys::new(&["shop"]));
    let mut worker = keys.worker(&world, &["shop"]);
    worker.wait_for_log("product list fetched").await;
    world.enqueue("A-1~timeout-after", 1).await;
    world.wait_for_state("A-1~timeout-after", "uncertain").await;
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.wait_for_exit().await;
    let (_, text) = run_with(
        &world,
        &["reconcile", "--once"],
        &[("HP_RECONCILE__STUCK_AFTER", "1ms")],
    );
    let result = world.result("A-1~timeout-after").await;
    assert_eq!(result["status"], "completed", "{text}");
    assert_eq!(result["pins_encoding"], "sealed-box");
}

#[tokio::test(flavor = "multi_thread")]
async fn repetition_copies_no_clear_text_once_sealed() {
    let (world, keys) = (World::start(), Keys::new(&["shop"]));
    let clear = world.worker();
    world.enqueue("A-1", 1).await;
    let first = world.result("A-1").await;
    assert_eq!(first["pins_encoding"], "json");
    drop(clear);
    let _sealing = keys.worker(&world, &["shop"]);
    world.enqueue("A-1", 1).await;
    let second = world.results("A-1", 2).await.remove(1);
    assert_eq!(second["pins_encoding"], "sealed-box");
    assert_eq!(second["replay_of"], first["entry"]);
    world.enqueue("A-1", 1).await;
    let third = world.results("A-1", 3).await.remove(2);
    assert_eq!(third["pins_encoding"], "sealed-box");
    assert_eq!(world.charge_count("A-1"), 1);
}
