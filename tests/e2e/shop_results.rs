//! `worker results`: what a shop, or a person in its place, reads and acknowledges.

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::Stdio,
};

use e2e::{Worker, World};
use serde_json::Value;

use crate::shop_by_hand::{redis_only, shop};

/// Two completed orders, of two cards each, and one that was rejected.
async fn three_results(world: &World) {
    let _worker = world.worker();
    for id in ["A-1", "A-2"] {
        world.order(id, 2).await;
        world.result(id).await;
    }
    let unknown = [
        ("order_id", "A-3"),
        ("product_id", "777"),
        ("quantity", "1"),
    ];
    world.put(&unknown).await;
    world.result("A-3").await;
}

fn keys(world: &World) -> Vec<String> {
    let ledger = world.sandbox.ledger();
    let cards = ledger.charges.iter().flat_map(|charge| &charge.cards);
    cards.map(|card| card.pin_key.clone()).collect()
}

fn ids(text: &str) -> Vec<String> {
    let id = |line| {
        serde_json::from_str::<Value>(line).unwrap()["order_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    text.lines().map(id).collect()
}

async fn unacknowledged(world: &World, group: &str) -> usize {
    let words = ["XPENDING", "{hp}:results", group, "-", "+", "99"];
    world.redis.run::<Vec<redis::Value>>(&words).await.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_looked_at_without_being_taken_from_anybody_and_keys_are_hidden() {
    let world = World::start();
    three_results(&world).await;
    for _ in 0..2 {
        let (code, said, _) = shop(&world, &["results"]);
        assert_eq!(code, 0);
        assert_eq!(said.lines().count(), 3 + 4, "{said}");
        assert!(said.contains("\nA-3  rejected  unknown_product"), "{said}");
        assert!(keys(&world).iter().all(|key| !said.contains(key)), "{said}");
    }
    let (_, said, _) = shop(&world, &["results", "--json"]);
    assert_eq!(ids(&said), ["A-1", "A-2", "A-3"]);
    assert!(keys(&world).iter().all(|key| !said.contains(key)), "{said}");
    let (_, said, _) = shop(&world, &["results", "--show-pins"]);
    assert!(keys(&world).iter().all(|key| said.contains(key)), "{said}");
    let groups: Vec<redis::Value> = world.redis.run(&["XINFO", "GROUPS", "{hp}:results"]).await;
    assert!(groups.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_reads_each_result_once_and_acknowledges_what_it_has_printed() {
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
    let (code, said, _) = shop(&world, &[&group[..], &["--limit", "2"]].concat());
    assert_eq!((code, ids(&said)), (0, vec!["A-1".into(), "A-2".into()]));
    assert_eq!(unacknowledged(&world, "shop").await, 0);
    // One more is delivered to this consumer, which ends before it has dealt with it.
    let words = "XREADGROUP GROUP shop till-1 STREAMS {hp}:results >";
    let words: Vec<&str> = words.split(' ').collect();
    world.redis.run::<redis::Value>(&words).await;
    assert_eq!(unacknowledged(&world, "shop").await, 1);
    let (_, said, _) = shop(&world, &group);
    assert_eq!(ids(&said), ["A-3"], "what was not acknowledged comes again");
    assert_eq!(unacknowledged(&world, "shop").await, 0);
    let (code, said, _) = shop(&world, &group);
    assert_eq!((code, &*said), (0, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_results_is_for_its_owner_alone_and_is_added_to() {
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
        let (code, said, complaint) = shop(&world, &[&group[..], &[limit]].concat());
        assert_eq!(code, 0, "{complaint}");
        assert!(keys(&world).iter().all(|key| !said.contains(key)), "{said}");
    }
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(ids(&written), ["A-1", "A-2", "A-3"]);
    assert!(keys(&world).iter().all(|key| written.contains(key)));
    let (code, _, complaint) = shop(&world, &["results", "--out", "/nowhere/cards"]);
    assert_eq!(code, 2);
    assert!(complaint.contains("/nowhere/cards"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_result_is_told_and_not_acknowledged_and_nothing_makes_the_terminal_lie() {
    let world = World::start();
    three_results(&world).await;
    let redis = &world.redis;
    redis
        .run::<String>(&["XADD", "{hp}:results", "*", "status", "who knows"])
        .await;
    let mut odd = vec!["XADD", "{hp}:results", "*"];
    let fields = "order_id A-9 product_id 2 quantity 1 status failed source fetch attempts 1 accepted_at 1 finished_at 2 reason refused code 400100 message";
    odd.extend(fields.split(' '));
    odd.push("no\x1b[2Jclear");
    redis.run::<String>(&odd).await;
    let group = ["results", "--group", "shop"];
    let (code, said, complaint) = shop(&world, &group);
    assert_eq!(code, 1, "{said}{complaint}");
    assert!(
        complaint.contains("no result that this version can read"),
        "{complaint}"
    );
    assert!(
        said.contains("A-9  failed  refused, 400100, no\\u{1b}[2Jclear"),
        "{said}"
    );
    assert_eq!(unacknowledged(&world, "shop").await, 1);
    assert_eq!(shop(&world, &group).0, 1, "and told again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stays_prints_what_comes_and_what_goes_to_its_own_stream() {
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
    let mut reader = Worker::process(&words, &redis_only(&world))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(reader.stdout.take().unwrap()).lines();
    for id in ["A-1", "A-2"] {
        let order = [("order_id", id), ("product_id", "2"), ("quantity", "1")];
        world
            .put(&[&order[..], &[("reply_to", "{hp}:results:till-7")]].concat())
            .await;
        let line = lines.next().unwrap().unwrap();
        assert_eq!(ids(&line), [id]);
    }
    reader.kill().unwrap();
    reader.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn output_that_nobody_reads_ends_a_command_without_a_word() {
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
        let output = Worker::process(words, &world.settings(&[("HP_LOG__FILTER", "off")]))
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(complaint, "", "{words:?}");
    }
    assert_eq!(
        unacknowledged(&world, "shop").await,
        3,
        "nothing was printed"
    );
}
