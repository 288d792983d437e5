//! What an operator sees of the queue and its orders, and does to the queue as a whole.

use e2e::{Worker, World};
use hp_order::Event;
use serde_json::Value;

use crate::{
    by_hand::{LONG, refused, settle, take_one},
    reconcile::lost,
};

/// A command's exit code, and what it printed.
fn run(world: &World, words: &[&str]) -> (i32, String) {
    let output = Worker::command(words, &world.settings(&[]));
    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains("demo-secret") && !complaint.contains("demo-secret"));
    (output.status.code().unwrap(), said + &complaint)
}

fn json(world: &World, words: &[&str]) -> Value {
    let (_, said) = run(world, &[words, &["--json"]].concat());
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn ids(lines: &str) -> Vec<String> {
    let id = |line| {
        serde_json::from_str::<Value>(line).unwrap()["order_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    lines.lines().map(id).collect()
}

/// One order waiting, one in doubt, one that failed.
async fn three_orders(world: &World) {
    let ledger = world.ledger();
    for (id, event) in [
        ("waiting", Event::BalanceHeld(LONG)),
        ("doubtful", lost()),
        ("failed", refused()),
    ] {
        world.order(id, 1).await;
        settle(&ledger, &take_one(&ledger, LONG).await, event).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_listed_by_state_age_and_reason() {
    let world = World::start();
    three_orders(&world).await;
    let listed = |more: &[&str]| {
        let words = [&["orders", "--json"], more].concat();
        let (code, lines) = run(&world, &words);
        assert_eq!(code, 0, "{lines}");
        ids(&lines)
    };
    assert_eq!(listed(&[]), ["waiting", "doubtful"]);
    assert_eq!(listed(&["--state", "uncertain"]), ["doubtful"]);
    assert_eq!(listed(&["--state", "failed"]), ["failed"]);
    assert_eq!(listed(&["--reason", "lost"]), ["doubtful"]);
    assert_eq!(
        listed(&["--state", "failed", "--reason", "400100"]),
        ["failed"]
    );
    assert_eq!(listed(&["--older-than", "1h"]), [""; 0]);
    assert_eq!(listed(&["--limit", "1"]), ["waiting"]);
    let (_, table) = run(&world, &["orders"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("order     state"), "{table}");
    assert!(lines[2].starts_with("doubtful  uncertain  2"), "{table}");
    assert!(!table.contains('\x1b'), "colours off a terminal");
    let (code, said) = run(&world, &["orders", "--state", "lost"]);
    assert!(code == 2 && said.contains("uncertain"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_shown_with_its_whole_story() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 2).await;
    settle(
        &ledger,
        &take_one(&ledger, LONG).await,
        Event::BalanceHeld(std::time::Duration::ZERO),
    )
    .await;
    let _worker = world.worker();
    let result = world.result("A-1").await;
    let order = json(&world, &["order", "A-1"]);
    assert_eq!(
        (&order["state"], &order["quantity"], &order["result"]),
        (
            &"completed".into(),
            &2.into(),
            &result["entry"].as_str().into()
        )
    );
    let story = order["story"].as_array().unwrap();
    let states: Vec<_> = story
        .iter()
        .map(|step| step["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["queued", "completed"]);
    assert!(story[0]["at"].as_u64() <= story[1]["at"].as_u64());
    assert_eq!(
        (&story[0]["claim"], &story[1]["claim"]),
        (&1.into(), &2.into())
    );
    let (_, text) = run(&world, &["order", "A-1"]);
    assert!(text.contains("#2     completed"), "{text}");
    for card in world
        .sandbox
        .ledger()
        .charges
        .iter()
        .flat_map(|charge| &charge.cards)
    {
        assert!(!text.contains(&card.pin_key) && !order.to_string().contains(&card.pin_key));
    }
    let (code, said) = run(&world, &["order", "nobody"]);
    assert_eq!(code, 1);
    assert!(said.contains("no such order"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orders_story_stays_short_however_long_it_lives() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    settle(
        &ledger,
        &take_one(&ledger, LONG).await,
        Event::BalanceHeld(LONG),
    )
    .await;
    for n in 0..100 {
        let mut taken = ledger.claim_named(1, LONG, &["A-1"]).await.unwrap();
        let mut claimed = taken.claims.remove(0);
        claimed.note = (n % 3 == 0).then(|| format!("note {n}"));
        settle(&ledger, &claimed, Event::BalanceHeld(LONG)).await;
    }
    let story = json(&world, &["order", "A-1"])["story"].clone();
    let story = story.as_array().unwrap();
    assert!((20..=32).contains(&story.len()), "{}", story.len());
    assert_eq!(story[0]["claim"], 1, "its beginning is kept");
    assert_eq!(story[story.len() - 1]["claim"], 101, "and its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn hitpoints_view_of_orders_cards_and_products_is_shown_without_keys() {
    let world = World::start();
    let _worker = world.worker();
    world.order("A-1", 2).await;
    world.result("A-1").await;
    let card = world.sandbox.ledger().charges[0].cards[0].clone();
    let record = json(&world, &["record", "A-1"]);
    assert_eq!(
        (
            &record["status"],
            &record["quantity"],
            record["cards"].as_array().unwrap().len()
        ),
        (&"completed".into(), &2.into(), 2)
    );
    assert_eq!(record["cards"][0]["pin_sn"], card.pin_sn);
    let products = run(&world, &["products", "--currency", "CNY", "--json"]).1;
    assert!(products.lines().count() > 0);
    for line in products.lines() {
        let product: Value = serde_json::from_str(line).unwrap();
        assert_eq!(product["currency"], "CNY");
    }
    assert!(run(&world, &["products"]).1.starts_with("product  name"));
    for words in [
        &["record", "A-1"][..],
        &["record", "A-1", "--json"],
        &["pin", &card.pin_sn],
    ] {
        let (code, said) = run(&world, words);
        assert_eq!(code, 0, "{said}");
        assert!(!said.contains(&card.pin_key), "{words:?}");
    }
    let shown = json(&world, &["pin", &card.pin_sn, "--show-pins"]);
    assert_eq!(shown["pin_key"], card.pin_key);
    assert_eq!(run(&world, &["record", "nobody"]).0, 1);
    assert_eq!(run(&world, &["pin", "0000000000000000"]).0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queues_status_tells_states_workers_pause_and_runs() {
    let world = World::start();
    three_orders(&world).await;
    let (code, said) = run(&world, &["status"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("2: 1 queued, 1 uncertain"), "{said}");
    assert!(said.contains("\noldest    waiting, "), "{said}");
    let mut worker = world.worker();
    let ran = || async {
        let status = json(&world, &["status"]);
        let has_run = status["last_run"].get("finished_at").is_some();
        (has_run && status["workers"].as_object().unwrap().len() == 1).then_some(status)
    };
    let status = world.redis.until("a run, and a sign of life", ran).await;
    assert_eq!((&status["open"], &status["new"]), (&2.into(), &0.into()));
    assert_eq!(run(&world, &["pause", "--why", "stocktaking"]).0, 0);
    assert_eq!(
        run(&world, &["pause", "--why", "again"]).0,
        1,
        "the first reason stands"
    );
    let (code, said) = run(&world, &["status"]);
    assert_eq!(code, 1);
    assert!(said.contains("stocktaking"), "{said}");
    assert_eq!(run(&world, &["resume"]).0, 0);
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.ended().await;
    let workers = json(&world, &["status"])["workers"].clone();
    assert_eq!(workers, serde_json::json!({}), "gone at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_were_set_aside_are_listed_mended_and_discarded() {
    let world = World::start();
    let ledger = world.ledger();
    for quantity in ["1", "2"] {
        world
            .put(&[
                ("order_id", "A 1"),
                ("product_id", "2"),
                ("quantity", quantity),
            ])
            .await;
    }
    ledger
        .claim_batch(9, LONG, hp_queue::FirstSource::Inbox)
        .await
        .unwrap();
    let (_, listed) = run(&world, &["rejected", "list", "--json"]);
    let entries: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries.len(), 2);
    assert!(listed.contains("invalid_order_id"), "{listed}");
    assert!(
        run(&world, &["rejected", "list"])
            .1
            .contains("order_id=\"A 1\"")
    );
    let entry = |n: usize| entries[n]["entry"].as_str().unwrap();
    let words = ["rejected", "requeue", entry(0), "--set", "order_id=A-1"];
    assert_eq!(run(&world, &words).0, 0);
    let claimed = take_one(&ledger, LONG).await;
    assert_eq!(claimed.id().as_str(), "A-1");
    let job = &world.record("A-1").await;
    assert_eq!((job["quantity"].as_str(), job.get("reason")), ("1", None));
    assert_eq!(run(&world, &words).0, 1, "it is not there any more");
    assert_eq!(run(&world, &["rejected", "discard", entry(1)]).0, 0);
    assert_eq!(run(&world, &["rejected", "discard", entry(1)]).0, 1);
    assert!(world.stream("{hp}:rejected").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn shells_and_man_know_every_command() {
    let nothing: [(String, String); 0] = [];
    for shell in ["bash", "zsh", "fish"] {
        let output = Worker::command(&["completions", shell], &nothing);
        assert!(
            String::from_utf8(output.stdout)
                .unwrap()
                .contains("reconcile")
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    assert!(
        Worker::command(&["man", "--out", out], &nothing)
            .status
            .success()
    );
    for page in [
        "worker.1",
        "worker-reconcile.1",
        "worker-rejected-requeue.1",
    ] {
        assert!(folder.path().join(page).exists(), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_exits_with_2() {
    let mut world = World::start();
    world.redis.crash();
    world.sandbox.set_fault("refuse-connection", 1.0).unwrap();
    let commands: [&[&str]; 9] = [
        &["orders"],
        &["order", "A-1"],
        &["status"],
        &["rejected", "list"],
        &["pause", "--why", "x"],
        &["retry", "A-1"],
        &["resolve", "A-1", "--as", "completed", "--why", "x"],
        &["republish", "A-1"],
        &["reconcile", "--once"],
    ];
    for words in commands {
        let (code, said) = run(&world, words);
        assert_eq!(code, 2, "{words:?}: {said}");
        assert!(said.contains("Redis cannot be reached"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_is_one_table_and_says_where_it_is_cut() {
    let world = World::start();
    let ledger = world.ledger();
    let orders = 1001;
    for n in 0..orders {
        world.order(&format!("A-{n}"), 1).await;
    }
    let mut taken = 0;
    while taken < orders {
        let first = hp_queue::FirstSource::Inbox;
        taken += ledger
            .claim_batch(256, LONG, first)
            .await
            .unwrap()
            .claims
            .len();
    }
    let (code, table) = run(&world, &["orders"]);
    let (rows, notice) = table.trim_end().rsplit_once('\n').unwrap();
    assert_eq!((code, rows.lines().count()), (0, orders));
    assert!(rows.lines().all(|row| row.split_whitespace().count() > 5));
    assert!(notice.contains("more than 1000"), "{notice}");
    let (_, whole) = run(&world, &["orders", "--limit", "2000"]);
    assert_eq!(whole.lines().count(), orders + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_last_run_left_to_a_person_is_in_the_status() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    settle(&ledger, &take_one(&ledger, LONG).await, lost()).await;
    let spoil = ["HSET", "{hp}:order:A-1", "checks", "many"];
    world.redis.run::<u64>(&spoil).await;
    let (code, _) = crate::reconcile::report(&world, &["--once"]);
    assert_eq!(code, 1);
    let (_, status) = run(&world, &["status"]);
    assert!(status.contains("1 need a person"), "{status}");
    let last = &json(&world, &["status"])["last_run"];
    let left = (&last["unreadable"], &last["needs_a_person"][0]);
    assert_eq!(left, (&1.into(), &"A-1".into()), "{last:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_others_made_up_cannot_make_a_terminal_lie() {
    let world = World::start();
    let odd = ["XADD", "{hp}:rejected", "*", "\u{1b}[2Jname", "value"];
    world.redis.run::<String>(&odd).await;
    world.control().pause("\u{1b}[2Jwhy", "me").await.unwrap();
    for words in [
        &["rejected", "list"][..],
        &["status"],
        &["pause", "--why", "again"],
        &["retry", "A-1"],
    ] {
        let (_, said) = run(&world, words);
        assert!(said.contains("\\u{1b}[2J"), "{words:?}: {said}");
        assert!(!said.contains('\u{1b}'), "{words:?}: {said}");
    }
}
