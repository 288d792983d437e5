//! Ctrl-C during a decision of an operator: the order is released at once, and no crash is counted.

use std::process::{Child, Stdio};

use e2e::{Entry, Worker, World, assert_fields};
use hp_order::{Event, QueryVerdict};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::claims::{LONG_LEASE, apply_event, claim_one};

/// HitPoints does not answer a query for this order.
const ID: &str = "A-1~query:timeout-before";

const SLOW: [(&str, &str); 3] = [
    ("HP_API__TIMEOUT", "50s"),
    ("HP_RETRY__RESUBMIT_AFTER", "1h"),
    ("HP_WORKER__LEASE", "10m"),
];

fn start(world: &World, words: &[&str]) -> Child {
    Worker::command(words, &world.settings(&SLOW))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Interrupts a command, which must end with 2 and say so.
fn interrupt(command: Child) {
    kill(Pid::from_raw(command.id().cast_signed()), Signal::SIGINT).unwrap();
    let output = command.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("interrupted"), "{text}");
}

async fn wait_for_claim(world: &World, claim: &str) -> Entry {
    let is_claimed = || async {
        let record = world.record(ID).await;
        (record["claim"] == claim).then_some(record)
    };
    world
        .redis
        .wait_until("the command to claim it", is_claimed)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_resolve_leaves_order_in_review() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue(ID, 1).await;
    let claimed = claim_one(&ledger, LONG_LEASE).await;
    let other = Event::Queried(QueryVerdict::Mismatch(hp_api::Mismatch::Quantity {
        wanted: 1,
        got: 2,
    }));
    apply_event(&ledger, &claimed, other).await;
    let before = world.record(ID).await;
    let words = [
        "resolve",
        ID,
        "--as",
        "completed",
        "--why",
        "x",
        "--by",
        "Ada",
    ];
    let command = start(&world, &words);
    wait_for_claim(&world, "2").await;
    interrupt(command);
    let record = world.record(ID).await;
    assert_fields!(record, { "state": "review", "claim": "2", "settled": "2" });
    assert_eq!(record.get("crashes"), before.get("crashes"));
    assert!(!record["history"].contains("Ada"), "{record:?}");
    let due: String = world.redis.command(&["ZSCORE", "{hp}:schedule", ID]).await;
    assert_eq!(due, "inf");
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_republish_releases_its_order() {
    let world = World::start();
    let mut worker = world.worker_with(&SLOW);
    world.enqueue(ID, 1).await;
    world.result(ID).await;
    // The rest of its shutdown may be a reconciliation run that queries the order.
    worker.signal(Signal::SIGKILL);
    worker.wait_for_exit().await;
    let command = start(&world, &["republish", ID, "B-unknown"]);
    wait_for_claim(&world, "2").await;
    interrupt(command);
    let record = world.record(ID).await;
    assert_fields!(record, { "state": "completed", "claim": "2", "settled": "2" });
    assert!(!record.contains_key("crashes") || record["crashes"] == "0");
}
