//! `worker enqueue --wait` and faulty entries with the same order id.

use std::{
    process::{Child, Stdio},
    time::Duration,
};

use e2e::{Worker, World};
use hp_order::{Event, QueryVerdict};
use serde_json::Value;

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one},
    enqueue_command::redis_only,
};

const ORDER: [(&str, &str); 3] = [("order_id", "A-1"), ("product_id", "2"), ("quantity", "1")];

/// Starts to wait for an order, and returns once its job is in the inbox as entry `n`.
async fn start_waiting(world: &World, reply_to: Option<&str>, n: usize) -> Child {
    let mut words = vec!["enqueue", "--order-id", "A-1", "--product-id", "2"];
    words.extend(["--quantity", "1", "--wait", "--json"]);
    words.extend(reply_to.iter().flat_map(|name| ["--reply-to", name]));
    let waiting = Worker::command(&words, &redis_only(world))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let is_there = || async { (world.stream("{hp}:jobs").await.len() == n).then_some(()) };
    world.redis.wait_until("the job", is_there).await;
    waiting
}

/// Returns the exit code and the results.
fn finish(waiting: Child) -> (Option<i32>, Vec<Value>) {
    let output = waiting.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let results = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    (output.status.code(), results.collect())
}

/// Another producer has sent the same order with a fault, and its entry is answered first.
#[tokio::test(flavor = "multi_thread")]
async fn enqueue_wait_ignores_invalid_jobs_of_others() {
    let own = "{hp}:results:till-7";
    for (reply_to, of_other, answered) in [
        (None, None, "{hp}:results"),
        (Some("till-7"), None, "{hp}:results"),
        (Some("till-7"), Some(own), own),
    ] {
        let world = World::start();
        let mut faulty = ORDER.to_vec();
        faulty.push(("deadline", "5"));
        faulty.extend(of_other.map(|stream| ("reply_to", stream)));
        world.enqueue_job(&faulty).await;
        let waiting = start_waiting(&world, reply_to, 2).await;
        let _worker = world.worker();
        let (code, results) = finish(waiting);
        assert_eq!((code, results.len()), (Some(0), 1), "{results:?}");
        assert_eq!(results[0]["status"], "completed");
        assert_eq!(world.stream(answered).await[0]["reason"], "invalid_job");
    }
}

/// The results of other shops come all the time, so the command is never idle.
#[tokio::test(flavor = "multi_thread")]
async fn enqueue_wait_tells_of_review_among_results() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let mismatch = Event::Queried(QueryVerdict::Mismatch(hp_api::Mismatch::Quantity {
        wanted: 1,
        got: 2,
    }));
    apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, mismatch).await;
    let order = ["enqueue", "--order-id", "A-1", "--product-id", "2"];
    let words = [
        &order[..],
        &["--quantity", "1", "--wait", "--timeout", "50s"],
    ]
    .concat();
    let waiting = Worker::command(&words, &redis_only(&world))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut waiting = tokio::task::spawn_blocking(move || waiting.wait_with_output().unwrap());
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    let output = loop {
        tokio::select! {
            ended = &mut waiting => break ended.unwrap(),
            _ = pace.tick() => {
                let other = ["XADD", "{hp}:results", "*", "order_id", "B", "status", "failed"];
                world.redis.command::<String>(&other).await;
            }
        }
    };
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("A-1: the order is in review"), "{text}");
}
