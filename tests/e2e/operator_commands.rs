//! Commands that show the queue and its orders to an operator, and commands for the whole queue.

use e2e::{Worker, World, assert_fields};
use hp_order::Event;
use serde_json::Value;

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one, end_as_refused},
    reconcile::lost,
};

/// Runs a command. Returns its exit code and its output.
pub(crate) fn run_command(world: &World, words: &[&str]) -> (i32, String) {
    let output = Worker::output(words, &world.settings(&[]));
    let text = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!text.contains("demo-secret") && !stderr.contains("demo-secret"));
    (output.status.code().unwrap(), text + &stderr)
}

pub(crate) fn run_json(world: &World, words: &[&str]) -> Value {
    let (_, text) = run_command(world, &[words, &["--json"]].concat());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn order_ids(lines: &str) -> Vec<String> {
    let id = |line| {
        serde_json::from_str::<Value>(line).unwrap()["order_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    lines.lines().map(id).collect()
}

/// Creates a waiting order, an order in doubt and a failed order.
pub(crate) async fn three_orders(world: &World) {
    let ledger = world.ledger();
    for (id, event) in [
        ("waiting", Event::BalanceHeld(LONG_LEASE)),
        ("doubtful", lost()),
    ] {
        world.enqueue(id, 1).await;
        apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, event).await;
    }
    world.enqueue("failed", 1).await;
    end_as_refused(&ledger).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_filters_by_state_age_and_reason() {
    let world = World::start();
    three_orders(&world).await;
    let listed = |more: &[&str]| {
        let words = [&["orders", "--json"], more].concat();
        let (code, lines) = run_command(&world, &words);
        assert_eq!(code, 0, "{lines}");
        order_ids(&lines)
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
    let (_, table) = run_command(&world, &["orders"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("order     state"), "{table}");
    assert!(lines[2].starts_with("doubtful  uncertain  2"), "{table}");
    assert!(!table.contains('\x1b'), "colours without a terminal");
    let (code, text) = run_command(&world, &["orders", "--state", "lost"]);
    assert!(code == 2 && text.contains("uncertain"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn order_shows_whole_history() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 2).await;
    apply_event(
        &ledger,
        &claim_one(&ledger, LONG_LEASE).await,
        Event::BalanceHeld(std::time::Duration::ZERO),
    )
    .await;
    let _worker = world.worker();
    let result = world.result("A-1").await;
    let order = run_json(&world, &["order", "A-1"]);
    assert_fields!(order, { "state": "completed", "quantity": 2, "result": result["entry"] });
    let history = order["story"].as_array().unwrap();
    let states: Vec<_> = history
        .iter()
        .map(|step| step["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["queued", "completed"]);
    assert!(history[0]["at"].as_u64() <= history[1]["at"].as_u64());
    assert_fields!(order, { "story.0.claim": 1, "story.1.claim": 2 });
    let (_, text) = run_command(&world, &["order", "A-1"]);
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
    let (code, text) = run_command(&world, &["order", "nobody"]);
    assert_eq!(code, 1);
    assert!(text.contains("no such order"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn order_history_stays_short() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    apply_event(
        &ledger,
        &claim_one(&ledger, LONG_LEASE).await,
        Event::BalanceHeld(LONG_LEASE),
    )
    .await;
    for n in 0..100 {
        let mut taken = ledger.claim_named(1, LONG_LEASE, &["A-1"]).await.unwrap();
        let mut claimed = taken.claims.remove(0);
        claimed.note = (n % 3 == 0).then(|| format!("note {n}"));
        apply_event(&ledger, &claimed, Event::BalanceHeld(LONG_LEASE)).await;
    }
    let history = run_json(&world, &["order", "A-1"])["story"].clone();
    let history = history.as_array().unwrap();
    assert!((20..=32).contains(&history.len()), "{}", history.len());
    assert_eq!(history[0]["claim"], 1, "its first step is kept");
    assert_eq!(
        history[history.len() - 1]["claim"],
        101,
        "and its last step"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn vendor_views_hide_card_keys() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1", 2).await;
    world.result("A-1").await;
    let card = world.sandbox.ledger().charges[0].cards[0].clone();
    let record = run_json(&world, &["record", "A-1"]);
    assert_eq!(record["cards"].as_array().unwrap().len(), 2);
    assert_fields!(record, { "status": "completed", "quantity": 2 });
    assert_eq!(record["cards"][0]["pin_sn"], card.pin_sn);
    let products = run_command(&world, &["products", "--currency", "CNY", "--json"]).1;
    assert!(products.lines().count() > 0);
    for line in products.lines() {
        let product: Value = serde_json::from_str(line).unwrap();
        assert_eq!(product["currency"], "CNY");
    }
    assert!(
        run_command(&world, &["products"])
            .1
            .starts_with("product  name")
    );
    for words in [
        &["record", "A-1"][..],
        &["record", "A-1", "--json"],
        &["pin", &card.pin_sn],
    ] {
        let (code, text) = run_command(&world, words);
        assert_eq!(code, 0, "{text}");
        assert!(!text.contains(&card.pin_key), "{words:?}");
    }
    let shown = run_json(&world, &["pin", &card.pin_sn, "--show-pins"]);
    assert_eq!(shown["pin_key"], card.pin_key);
    assert_eq!(run_command(&world, &["record", "nobody"]).0, 1);
    assert_eq!(run_command(&world, &["pin", "0000000000000000"]).0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_lists_requeues_and_discards() {
    let world = World::start();
    let ledger = world.ledger();
    for quantity in ["1", "2"] {
        world
            .enqueue_job(&[
                ("order_id", "A 1"),
                ("product_id", "2"),
                ("quantity", quantity),
            ])
            .await;
    }
    ledger
        .claim_batch(9, LONG_LEASE, hp_queue::FirstSource::Inbox)
        .await
        .unwrap();
    let (_, listed) = run_command(&world, &["rejected", "list", "--json"]);
    let entries: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(entries.len(), 2);
    assert!(listed.contains("invalid_order_id"), "{listed}");
    assert!(
        run_command(&world, &["rejected", "list"])
            .1
            .contains("order_id=\"A 1\"")
    );
    let entry = |n: usize| entries[n]["entry"].as_str().unwrap();
    let words = ["rejected", "requeue", entry(0), "--set", "order_id=A-1"];
    assert_eq!(run_command(&world, &words).0, 0);
    let claimed = claim_one(&ledger, LONG_LEASE).await;
    assert_eq!(claimed.id().as_str(), "A-1");
    let job = &world.record("A-1").await;
    assert_fields!(job, { "quantity": "1", "reason": None::<&str> });
    assert_eq!(run_command(&world, &words).0, 1, "the dead letter is gone");
    assert_eq!(run_command(&world, &["rejected", "discard", entry(1)]).0, 0);
    assert_eq!(run_command(&world, &["rejected", "discard", entry(1)]).0, 1);
    assert!(world.stream("{hp}:rejected").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn completions_and_man_pages_know_every_command() {
    let nothing: [(String, String); 0] = [];
    for shell in ["bash", "zsh", "fish"] {
        let output = Worker::output(&["completions", shell], &nothing);
        assert!(
            String::from_utf8(output.stdout)
                .unwrap()
                .contains("reconcile")
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    assert!(
        Worker::output(&["man", "--out", out], &nothing)
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
async fn unreachable_redis_exits_with_2() {
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
        let (code, text) = run_command(&world, words);
        assert_eq!(code, 2, "{words:?}: {text}");
        assert!(text.contains("nothing listens at the address"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_table_states_its_limit() {
    let world = World::start();
    let ledger = world.ledger();
    let orders = 1001;
    for n in 0..orders {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    let mut taken = 0;
    while taken < orders {
        let first = hp_queue::FirstSource::Inbox;
        taken += ledger
            .claim_batch(256, LONG_LEASE, first)
            .await
            .unwrap()
            .claims
            .len();
    }
    let (code, table) = run_command(&world, &["orders"]);
    let (rows, notice) = table.trim_end().rsplit_once('\n').unwrap();
    assert_eq!((code, rows.lines().count()), (0, orders));
    assert!(rows.lines().all(|row| row.split_whitespace().count() > 5));
    assert!(notice.contains("more than 1000"), "{notice}");
    let (_, whole) = run_command(&world, &["orders", "--limit", "2000"]);
    assert_eq!(whole.lines().count(), orders + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn terminal_output_escapes_control_characters() {
    let world = World::start();
    let control_characters = ["XADD", "{hp}:rejected", "*", "\u{1b}[2Jname", "value"];
    world.redis.command::<String>(&control_characters).await;
    world.control().pause("\u{1b}[2Jwhy", "me").await.unwrap();
    for words in [
        &["rejected", "list"][..],
        &["status"],
        &["pause", "--why", "again"],
        &["retry", "A-1"],
    ] {
        let (_, text) = run_command(&world, words);
        assert!(text.contains("\\u{1b}[2J"), "{words:?}: {text}");
        assert!(!text.contains('\u{1b}'), "{words:?}: {text}");
    }
}
