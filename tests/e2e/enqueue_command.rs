//! `worker enqueue`: orders from the command line and from files, and the wait for their results.

use std::{io::Write, process::Stdio, time::Duration};

use e2e::{ENQUEUE, Worker, World, assert_fields};
use hp_api::Mismatch;
use hp_order::{Event, QueryVerdict};
use serde_json::Value;

use crate::claims::{LONG_LEASE, apply_event, claim_one};

/// Runs a command without an account at HitPoints. Returns the exit code, standard output and standard error.
pub(crate) fn shop(world: &World, words: &[&str]) -> (i32, String, String) {
    shop_with(world, words, "")
}

/// Does the same with standard input.
pub(crate) fn shop_with(world: &World, words: &[&str], input: &str) -> (i32, String, String) {
    let mut process = Worker::command(words, &redis_only(world))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    // The process may have ended without reading its input.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = process.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

pub(crate) fn redis_only(world: &World) -> Vec<(String, String)> {
    let mut settings = world.settings(&[]);
    settings.retain(|(name, _)| name.starts_with("HP_REDIS"));
    settings
}

fn lines(text: &str) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
    text.lines().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn enqueue_waits_for_cards_without_an_account() {
    let world = World::start();
    let _worker = world.worker();
    let words = |id| {
        let order = ["enqueue", "--order-id", id, "--product-id", "2"];
        [
            &order[..],
            &["--quantity", "2", "--meta", "till 7", "--wait"],
        ]
        .concat()
    };
    let (code, stdout, _) = shop(
        &world,
        &[&words("A-1")[..], &["--json", "--show-pins"]].concat(),
    );
    assert_eq!(code, 0, "{stdout}");
    let result = lines(&stdout).remove(0);
    assert_fields!(result, { "order_id": "A-1", "status": "completed", "meta": "till 7" });
    let cards = world.sandbox.ledger().charges[0].cards.clone();
    assert_eq!(result["pins"][1]["pin_key"], cards[1].pin_key);

    let (code, stdout, stderr) = shop(&world, &words("A-2"));
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(
        stdout.starts_with("A-2  completed  2 of product 2 for "),
        "{stdout}"
    );
    for card in &world.sandbox.ledger().charges[1].cards {
        assert!(
            stdout.contains(&card.pin_sn) && !stdout.contains(&card.pin_key),
            "{stdout}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn enqueue_reads_csv_json_and_standard_input() {
    let world = World::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.csv");
    let (name, rows) = (file.to_str().unwrap(), 100);
    let table = (0..rows).map(|n| format!("A-{n},2,1,till-7,\n"));
    let header = "order_id,product_id,quantity,reply_to,meta\n";
    std::fs::write(&file, header.to_owned() + &table.collect::<String>()).unwrap();
    let (code, stdout, stderr) = shop(&world, &["enqueue", "--file", name]);
    assert_eq!((code, &*stdout), (0, "100 orders enqueued\n"), "{stderr}");
    assert_eq!(stderr, "", "no progress bar off a terminal");

    let json = r#"{"order_id":"B-1","product_id":2,"quantity":1,"deadline":"2026-12-31T18:00:00Z"}
{"order_id":"B-2","product_id":"2","quantity":"1"}"#;
    let (code, stdout, _) = shop_with(&world, &["enqueue", "--file", "-", "--json"], json);
    assert_eq!(code, 0, "{stdout}");
    let entries = world.stream("{hp}:jobs").await;
    let ids: Vec<_> = entries.iter().map(|entry| &entry["order_id"]).collect();
    let wanted: Vec<_> = (0..rows)
        .map(|n| format!("A-{n}"))
        .chain(["B-1".into(), "B-2".into()])
        .collect();
    assert_eq!(ids, wanted.iter().collect::<Vec<_>>(), "in their order");
    assert_eq!(entries[0]["reply_to"], "{hp}:results:till-7");
    assert!(!entries[0].contains_key("meta"));
    assert_eq!(entries[rows]["deadline"], "1798740000000");
    let reported: Vec<_> = lines(&stdout)
        .iter()
        .map(|line| line["entry"].clone())
        .collect();
    assert_eq!(
        reported,
        [
            entries[rows]["entry"].clone(),
            entries[rows + 1]["entry"].clone()
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn enqueue_refuses_a_file_with_a_bad_line() {
    let world = World::start();
    let table = "order_id,product_id,quantity\nA-1,2,1\nA 2,2,1\nA-3,2,0\nA-4,2,1\n";
    let words = ["enqueue", "--file", "-"];
    let (code, stdout, stderr) = shop_with(&world, &words, table);
    assert_eq!((code, &*stdout), (2, ""));
    for line in [
        "-:3: order_id",
        "-:4: quantity",
        "no order was enqueued",
        "--partial",
    ] {
        assert!(stderr.contains(line), "no {line} in {stderr}");
    }
    assert!(world.stream("{hp}:jobs").await.is_empty());
    let (code, stdout, _) = shop_with(&world, &[&words[..], &["--partial"]].concat(), table);
    assert_eq!((code, &*stdout), (1, "2 orders enqueued\n"));
    assert_eq!(world.stream("{hp}:jobs").await.len(), 2);
    let (code, _, stderr) = shop(&world, &["enqueue", "--file", "-", "--show-pins"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("add --wait"), "{stderr}");
    let (code, _, stderr) = shop_with(&world, &words, "order_id,product_id,quantity\n");
    assert_eq!(code, 2);
    assert!(stderr.contains("no order in -"), "{stderr}");
    let (code, _, stderr) = shop(
        &world,
        &[
            "enqueue",
            "--order-id",
            "A 1",
            "--product-id",
            "2",
            "--quantity",
            "1",
        ],
    );
    assert_eq!(code, 2);
    assert!(stderr.contains("visible ASCII"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn enqueue_wait_ends_for_orders_without_cards() {
    let world = World::start();
    let ledger = world.ledger();
    // One order is in review. Another one has ended before, in a result stream of its own.
    world.enqueue("in-review", 1).await;
    let mismatch = Event::Queried(QueryVerdict::Mismatch(Mismatch::Quantity {
        wanted: 1,
        got: 2,
    }));
    apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, mismatch).await;
    let elsewhere = [
        "--order-id",
        "elsewhere",
        "--product-id",
        "2",
        "--quantity",
        "1",
    ];
    let (code, _, _) = shop(
        &world,
        &[&["enqueue", "--reply-to", "till-7"], &elsewhere[..]].concat(),
    );
    assert_eq!(code, 0);
    apply_event(
        &ledger,
        &claim_one(&ledger, LONG_LEASE).await,
        crate::claims::gave_up(),
    )
    .await;

    let table =
        "order_id,product_id,quantity\nin-review,2,1\nelsewhere,2,1\ngood,2,1\nunknown,777,1\n";
    let _worker = world.worker();
    let words = ["enqueue", "--file", "-", "--wait", "--json"];
    let (code, stdout, stderr) = shop_with(&world, &words, table);
    assert_eq!(code, 1, "{stdout}{stderr}");
    let mut ended: Vec<_> = lines(&stdout)
        .iter()
        .map(|result| format!("{} {}", result["order_id"], result["status"]))
        .collect();
    ended.sort();
    assert_eq!(ended, [r#""good" "completed""#, r#""unknown" "rejected""#]);
    assert!(
        stderr.contains("in-review: the order is in review"),
        "{stderr}"
    );
    assert!(
        stderr.contains("elsewhere: the order was enqueued before and is failed"),
        "{stderr}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn enqueue_wait_ignores_another_order_of_that_id() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    apply_event(
        &ledger,
        &claim_one(&ledger, LONG_LEASE).await,
        Event::BalanceHeld(Duration::ZERO),
    )
    .await;
    let _worker = world.worker();
    let words = [
        "enqueue",
        "--order-id",
        "A-1",
        "--product-id",
        "2",
        "--quantity",
        "5",
        "--wait",
        "--json",
    ];
    let (code, stdout, _) = shop(&world, &words);
    let result = lines(&stdout).remove(0);
    assert_eq!((code, lines(&stdout).len()), (1, 1), "{stdout}");
    assert_eq!(result["reason"], "order_id_conflict");
}

/// Answers that speak of entries of another producer with the same id.
#[tokio::test(flavor = "multi_thread")]
async fn enqueue_wait_ignores_conflicts_of_others() {
    let world = World::start();
    let ledger = world.ledger();
    let mut words = vec!["enqueue", "--order-id", "A-1", "--product-id", "2"];
    words.extend(["--quantity", "1", "--wait", "--json"]);
    let waiting = Worker::command(&words, &redis_only(&world))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    world
        .redis
        .wait_until("the job", || async {
            world.stream("{hp}:jobs").await.pop()
        })
        .await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    let same = [("order_id", "A-1"), ("product_id", "2"), ("quantity", "1")];
    let changes: [&[(&str, &str)]; 3] = [
        &[("traceparent", "garbage")],
        &[("reply_to", "elsewhere")],
        &[("quantity", "2")],
    ];
    for changed in changes {
        let kept = same.iter().filter(|(name, _)| changed[0].0 != *name);
        let fields: Vec<_> = kept.chain(changed).copied().collect();
        world.enqueue_job(&fields).await;
    }
    crate::repeated_orders::take_inbox(&ledger).await;
    let statuses: Vec<_> = world.stream("{hp}:results").await;
    assert!(statuses.iter().all(|answer| answer["status"] == "conflict"));
    assert_eq!(statuses.len(), 3);
    apply_event(&ledger, &claim, crate::claims::gave_up()).await;
    let output = waiting.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    let results = lines(&stdout);
    assert_eq!(results.len(), 1, "{stdout}");
    assert_fields!(results[0], { "status": "failed", "reason": "gave_up" });
}

#[tokio::test(flavor = "multi_thread")]
async fn enqueue_wait_ends_with_its_own_conflict() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    let mut words = vec!["enqueue", "--order-id", "A-1", "--product-id", "2"];
    words.extend(["--quantity", "1", "--reply-to", "till-7", "--wait"]);
    let (code, stdout, _) = shop(&world, &words);
    assert_eq!(code, 1, "{stdout}");
    assert!(
        stdout.starts_with("A-1  conflict  order_id_conflict, another job has used"),
        "{stdout}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn enqueue_wait_timeout_names_missing_orders() {
    let world = World::start();
    let words = [&ENQUEUE[..], &["--wait", "--timeout", "10ms"]].concat();
    let (code, stdout, stderr) = shop(&world, &words);
    assert_eq!((code, &*stdout), (1, ""));
    assert!(stderr.contains("no worker is alive"), "{stderr}");
    assert!(stderr.contains("no result yet for A-1"), "{stderr}");
    assert_eq!(world.stream("{hp}:jobs").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn trace_contexts_of_queue_and_worker_agree() {
    let world = World::start();
    let _worker = world.worker();
    let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let zero = "0".repeat(32);
    let cases = [
        good.to_owned(),
        good.to_uppercase(),
        good.replace("00-4b", "ff-4b"),
        good.replace("00-4b", "01-4b"),
        format!("{good}-more"),
        format!("{good}-").replace("00-4b", "cc-4b"),
        format!("{good}-more").replace("00-4b", "cc-4b"),
        format!("{good}-a-b").replace("00-4b", "cc-4b"),
        format!("{good}more").replace("00-4b", "cc-4b"),
        format!("{good}-{}", "x".repeat(127)).replace("00-4b", "cc-4b"),
        format!("{good}-{}", "x".repeat(128)).replace("00-4b", "cc-4b"),
        good.replace("4bf92f3577b34da6a3ce929d0e0e4736", &zero),
        good.replace("00f067aa0ba902b7", &zero[..16]),
        good.replace('4', "g"),
        good[..54].to_owned(),
        good.replace('-', "_"),
        String::new(),
    ];
    for (n, text) in cases.iter().enumerate() {
        let id = format!("A-{n}");
        let order = [("order_id", &*id), ("product_id", "2"), ("quantity", "1")];
        world
            .enqueue_job(&[&order[..], &[("traceparent", text)]].concat())
            .await;
        let admitted = world.result(&id).await["status"] == "completed";
        assert_eq!(
            text.parse::<hp_queue::Traceparent>().is_ok(),
            admitted,
            "{text}"
        );
    }
}
