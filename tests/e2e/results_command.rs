//! `worker results`: a shop reads and acknowledges its results.

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::Stdio,
};

use e2e::{Worker, World};
use serde_json::Value;

use crate::enqueue_command::{redis_only, shop};

/// Creates the results of two completed orders with two cards each, and of a rejected one.
async fn three_results(world: &World) {
    let _worker = world.worker();
    for id in ["A-1", "A-2"] {
        world.enqueue(id, 2).await;
        world.result(id).await;
    }
    let unknown = [
        ("order_id", "A-3"),
        ("product_id", "777"),
        ("quantity", "1"),
    ];
    world.enqueue_job(&unknown).await;
    world.result("A-3").await;
}

fn card_keys(world: &World) -> Vec<String> {
    let ledger = world.sandbox.ledger();
    let cards = ledger.charges.iter().flat_map(|charge| &charge.cards);
    cards.map(|card| card.pin_key.clone()).collect()
}

fn order_ids(text: &str) -> Vec<String> {
    let id = |line| {
        serde_json::from_str::<Value>(line).unwrap()["order_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    text.lines().map(id).collect()
}

async fn pending_count(world: &World, group: &str) -> usize {
    let words = ["XPENDING", "{hp}:results", group, "-", "+", "99"];
    world.redis.command::<Vec<redis::Value>>(&words).await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn results_without_group_hide_keys_and_keep_entries() {
    let world = World::start();
    three_results(&world).await;
    for _ in 0..2 {
        let (code, stdout, _) = shop(&world, &["results"]);
        assert_eq!(code, 0);
        assert_eq!(stdout.lines().count(), 3 + 4, "{stdout}");
        assert!(
            stdout.contains("\nA-3  rejected  unknown_product"),
            "{stdout}"
        );
        assert!(
            card_keys(&world).iter().all(|key| !stdout.contains(key)),
            "{stdout}"
        );
    }
    let (_, stdout, _) = shop(&world, &["results", "--json"]);
    assert_eq!(order_ids(&stdout), ["A-1", "A-2", "A-3"]);
    assert!(
        card_keys(&world).iter().all(|key| !stdout.contains(key)),
        "{stdout}"
    );
    let (_, stdout, _) = shop(&world, &["results", "--show-pins"]);
    assert!(
        card_keys(&world).iter().all(|key| stdout.contains(key)),
        "{stdout}"
    );
    let groups: Vec<redis::Value> = world
        .redis
        .command(&["XINFO", "GROUPS", "{hp}:results"])
        .await;
    assert!(groups.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn results_group_acknowledges_what_it_printed() {
    let world = World::start();
    three_results(&world).await;
    let group = [
        "results",
        "--group",
        "shop",
        "--consumer",
        "till-1",
        "--json",
    ];
    let (code, stdout, _) = shop(&world, &[&group[..], &["--limit", "2"]].concat());
    assert_eq!(
        (code, order_ids(&stdout)),
        (0, vec!["A-1".into(), "A-2".into()])
    );
    assert_eq!(pending_count(&world, "shop").await, 0);
    // Another entry is delivered to this consumer, which ends before it processes the entry.
    let words = "XREADGROUP GROUP shop till-1 STREAMS {hp}:results >";
    let words: Vec<&str> = words.split(' ').collect();
    world.redis.command::<redis::Value>(&words).await;
    assert_eq!(pending_count(&world, "shop").await, 1);
    let (_, stdout, _) = shop(&world, &group);
    assert_eq!(
        order_ids(&stdout),
        ["A-3"],
        "unacknowledged entries are delivered again"
    );
    assert_eq!(pending_count(&world, "shop").await, 0);
    let (code, stdout, _) = shop(&world, &group);
    assert_eq!((code, &*stdout), (0, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn results_file_is_private_and_appended() {
    let world = World::start();
    three_results(&world).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cards.ndjson");
    let out = path.to_str().unwrap();
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let group = [
        "results",
        "--group",
        "shop",
        "--show-pins",
        "--out",
        out,
        "--limit",
    ];
    for limit in ["1", "9"] {
        let (code, stdout, stderr) = shop(&world, &[&group[..], &[limit]].concat());
        assert_eq!(code, 0, "{stderr}");
        assert!(
            card_keys(&world).iter().all(|key| !stdout.contains(key)),
            "{stdout}"
        );
    }
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(order_ids(&written), ["A-1", "A-2", "A-3"]);
    assert!(card_keys(&world).iter().all(|key| written.contains(key)));
    let (code, _, stderr) = shop(&world, &["results", "--out", "/nowhere/cards"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("/nowhere/cards"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_reports_unreadable_entry_and_escapes_text() {
    let world = World::start();
    three_results(&world).await;
    let redis = &world.redis;
    redis
        .command::<String>(&["XADD", "{hp}:results", "*", "status", "who knows"])
        .await;
    let mut failed = vec!["XADD", "{hp}:results", "*"];
    let fields = "order_id A-9 product_id 2 quantity 1 status failed source fetch attempts 1 accepted_at 1 finished_at 2 reason refused code 400100 message";
    failed.extend(fields.split(' '));
    failed.push("no\x1b[2Jclear");
    redis.command::<String>(&failed).await;
    let group = ["results", "--group", "shop"];
    let (code, stdout, stderr) = shop(&world, &group);
    assert_eq!(code, 1, "{stdout}{stderr}");
    assert!(
        stderr.contains("not a result that this version can read"),
        "{stderr}"
    );
    assert!(
        stdout.contains("A-9  failed  refused, 400100, no\\u{1b}[2Jclear"),
        "{stdout}"
    );
    assert_eq!(pending_count(&world, "shop").await, 1);
    assert_eq!(shop(&world, &group).0, 1, "and reported again");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_follow_prints_new_results_of_own_stream() {
    let world = World::start();
    let _worker = world.worker();
    let words = [
        "results",
        "--follow",
        "--json",
        "--reply-to",
        "till-7",
        "--group",
        "shop",
    ];
    let mut reader = Worker::command(&words, &redis_only(&world))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(reader.stdout.take().unwrap()).lines();
    for id in ["A-1", "A-2"] {
        let order = [("order_id", id), ("product_id", "2"), ("quantity", "1")];
        world
            .enqueue_job(&[&order[..], &[("reply_to", "{hp}:results:till-7")]].concat())
            .await;
        let line = lines.next().unwrap().unwrap();
        assert_eq!(order_ids(&line), [id]);
    }
    reader.kill().unwrap();
    reader.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_output_ends_command_without_error() {
    let world = World::start();
    three_results(&world).await;
    for words in [
        &["results", "--group", "shop"][..],
        &["products"],
        &["orders"],
        &["completions", "bash"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = Worker::command(words, &world.settings(&[("HP_LOG__FILTER", "off")]))
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(stderr, "", "{words:?}");
    }
    assert_eq!(
        pending_count(&world, "shop").await,
        3,
        "no result was printed"
    );
}
