//! `worker enqueue --wait` and faulty entries with the same order id.

use std::process::{Child, Stdio};

use e2e::{Worker, World};
use serde_json::Value;

use crate::enqueue_command::redis_only;

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
