//! Entries that leave the inbox before a worker takes them: a producer trims it, or somebody deletes them. Their orders are
//! lost, so the worker, `worker status` and `worker doctor` say how many there are.

use e2e::{Worker, World};
use serde_json::Value;

async fn enqueue_trimmed(world: &World, count: usize, kept: &str) {
    for n in 0..count {
        let id = format!("A-{n}");
        let job = ["order_id", &id, "product_id", "2", "quantity", "1"];
        let add = ["XADD", "{hp}:jobs", "MAXLEN", "=", kept, "*"];
        world
            .redis
            .command::<String>(&[&add[..], &job[..]].concat())
            .await;
    }
}

fn status(world: &World) -> Value {
    let output = Worker::output(&["status", "--json"], &world.settings(&[]));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(world: &World, command: &str) -> (Option<i32>, String) {
    let output = Worker::output(&[command], &world.settings(&[]));
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), text)
}

/// Starts a worker that takes what is in the inbox, and stops it.
async fn take_all(world: &World) -> String {
    let mut worker = world.worker();
    world
        .redis
        .wait_until("a claim that empties the inbox", || async {
            let left: u64 = world.redis.command(&["XLEN", "{hp}:jobs"]).await;
            let is_counted: bool = world.redis.command(&["EXISTS", "{hp}:inbox"]).await;
            (left == 0 && is_counted).then_some(())
        })
        .await;
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.wait_for_exit().await;
    worker.log()
}

#[tokio::test(flavor = "multi_thread")]
async fn trimmed_inbox_is_reported_with_its_losses() {
    let world = World::start();
    enqueue_trimmed(&world, 50, "10").await;
    // Even before the first worker.
    assert_eq!(status(&world)["lost"], 40);
    let (_, shown) = text(&world, "status");
    assert!(
        shown.contains("lost      40 entries before a worker took them; see `worker doctor`"),
        "{shown}"
    );
    let (code, shown) = text(&world, "doctor");
    let line = shown.lines().find(|line| line[6..].starts_with("inbox"));
    assert!(line.unwrap().starts_with("BAD"), "{shown}");
    assert!(shown.contains("40 entries left the inbox"), "{shown}");
    assert!(shown.contains("remove MAXLEN and MINID"), "{shown}");
    assert_eq!(code, Some(1));

    let log = take_all(&world).await;
    assert!(log.contains("orders are lost"), "{log}");
    assert!(log.contains("\"entries\":40"), "{log}");
    assert_eq!(status(&world)["lost"], 40);

    // What workers take is not lost, and a loss is reported once.
    world.enqueue("B-1", 1).await;
    let log = take_all(&world).await;
    assert!(!log.contains("orders are lost"), "{log}");
    assert_eq!(status(&world)["lost"], 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_entries_of_a_paused_queue_are_reported() {
    let world = World::start();
    world.control().pause("a test", "a test").await.unwrap();
    let worker = world.worker();
    worker.wait_for_log("queue paused").await;
    let entry = world.enqueue("A-deleted", 1).await;
    world.enqueue("A-kept", 1).await;
    world
        .redis
        .command::<u64>(&["XDEL", "{hp}:jobs", &entry])
        .await;
    worker.wait_for_log("\"entries\":1").await;
    world.control().resume("Ada").await.unwrap();
    world.result("A-kept").await;
    assert_eq!(status(&world)["lost"], 1);
    assert_eq!(worker.log().matches("orders are lost").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_inbox_loses_what_was_in_it() {
    let world = World::start();
    for id in ["A-1", "A-2", "A-3"] {
        world.enqueue(id, 1).await;
    }
    take_all(&world).await;
    // An empty inbox may be deleted, and the counts of a new one begin again.
    world.redis.command::<u64>(&["DEL", "{hp}:jobs"]).await;
    assert_eq!(status(&world)["lost"], 0);
    enqueue_trimmed(&world, 8, "6").await;
    assert_eq!(status(&world)["lost"], 2);
    take_all(&world).await;

    world.control().pause("a test", "a test").await.unwrap();
    let worker = world.worker();
    for id in ["B-1", "B-2"] {
        world.enqueue(id, 1).await;
    }
    world
        .redis
        .wait_until("a look at both entries", || async {
            let left: u64 = world.redis.command(&["HGET", "{hp}:inbox", "left"]).await;
            (left == 2).then_some(())
        })
        .await;
    world.redis.command::<u64>(&["DEL", "{hp}:jobs"]).await;
    worker.wait_for_log("\"entries\":2").await;
    assert_eq!(status(&world)["lost"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_entries_of_an_older_queue_start_at_zero() {
    let world = World::start();
    world.enqueue("A-1", 1).await;
    take_all(&world).await;
    // As a queue whose workers did not count yet.
    world.redis.command::<u64>(&["DEL", "{hp}:inbox"]).await;
    assert_eq!(status(&world)["lost"], 0);
    let log = take_all(&world).await;
    assert!(!log.contains("orders are lost"), "{log}");
    enqueue_trimmed(&world, 5, "2").await;
    assert_eq!(status(&world)["lost"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_entries_survive_a_restart_of_redis() {
    let mut world = World::start();
    enqueue_trimmed(&world, 7, "3").await;
    take_all(&world).await;
    for id in ["B-1", "B-2"] {
        world.enqueue(id, 1).await;
    }
    world.redis.command::<()>(&["BGREWRITEAOF"]).await;
    world.redis.crash_and_restart();
    assert_eq!(status(&world)["lost"], 4);
    take_all(&world).await;
    assert_eq!(status(&world)["lost"], 4);
}
