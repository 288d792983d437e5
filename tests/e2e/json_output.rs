//! The JSON of all commands: a name has one type everywhere, and `docs/json-output.md` has it.

use e2e::{ENQUEUE, Worker, World};
use serde_json::Value;

const NUMBERS: [&str; 8] = [
    "product_id",
    "quantity",
    "attempts",
    "checks",
    "crashes",
    "claim",
    "code",
    "hp_order_id",
];
const TEXTS: [&str; 9] = [
    "order_id",
    "entry",
    "pin_sn",
    "currency",
    "reason",
    "message",
    "result",
    "replay_of",
    "by",
];
const MONEY: [&str; 5] = [
    "amount",
    "unit_price",
    "total_price",
    "par_value",
    "cost_price",
];
const FLAGS: [&str; 4] = ["done", "switched", "dry_run", "open_value"];
const STATES: [&str; 9] = [
    "queued",
    "submitting",
    "uncertain",
    "waiting",
    "review",
    "completed",
    "failed",
    "rejected",
    "expired",
];

/// The objects that a command prints: one, or one a line.
fn objects(world: &World, words: &[&str]) -> Vec<Value> {
    let words = [words, &["--json"]].concat();
    let output = Worker::output(
        &words,
        &world.settings(&[("HP_RECONCILE__STUCK_AFTER", "1ms")]),
    );
    let text = String::from_utf8(output.stdout).unwrap();
    if let Ok(object) = serde_json::from_str(&text) {
        return vec![object];
    }
    let line = |line| {
        let stderr = String::from_utf8_lossy(&output.stderr);
        serde_json::from_str(line).unwrap_or_else(|_| panic!("{words:?}: {text}{stderr}"))
    };
    let objects: Vec<Value> = text.lines().map(line).collect();
    assert!(!objects.is_empty(), "{words:?} prints nothing");
    objects
}

fn is_time(value: &Value, from: u64) -> bool {
    value
        .as_u64()
        .is_some_and(|at| (from..from * 10).contains(&at))
}

/// Why a value does not have the type of its name.
fn fault(name: &str, value: &Value) -> Option<&'static str> {
    let is_money = |text: &str| {
        text.split_once('.')
            .is_some_and(|(_, cents)| cents.len() == 2)
    };
    if value.is_null() {
        return None;
    }
    let rules = [
        (NUMBERS.contains(&name), value.is_u64(), "no number"),
        (TEXTS.contains(&name), value.is_string(), "no text"),
        (
            MONEY.contains(&name),
            value.as_str().is_some_and(is_money),
            "no money",
        ),
        (
            FLAGS.contains(&name),
            value.is_boolean(),
            "not true or false",
        ),
        (
            name == "state",
            value.as_str().is_some_and(|word| STATES.contains(&word)),
            "no state",
        ),
        (
            name == "verdict",
            ["ok", "warn", "bad"].map(Value::from).contains(value),
            "no verdict",
        ),
        (
            name.ends_with("_at") && name != "looked_at" || ["at", "now", "since"].contains(&name),
            is_time(value, 1_000_000_000_000),
            "no time in milliseconds",
        ),
        (
            name.ends_with("_time"),
            is_time(value, 1_000_000_000),
            "no time in seconds",
        ),
    ];
    let broken = rules
        .into_iter()
        .find(|(applies, holds, _)| *applies && !holds);
    broken.map(|(_, _, fault)| fault)
}

/// Checks every field of a value, at every depth. Collects the names.
fn check(command: &[&str], value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if let Some(fault) = fault(name, value) {
                    panic!("{command:?}: {name} is {value}: {fault}");
                }
                names.push(name.clone());
                check(command, value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| check(command, item, names)),
        _ => {}
    }
}

/// A queue with orders in many states, a dead letter, and an invalid job.
async fn busy_world() -> (World, Worker) {
    let world = World::start();
    let worker = world.worker();
    for (id, state) in [
        ("done", "completed"),
        ("refused~code-400100", "failed"),
        ("misfit~wrong-record", "review"),
        ("poor~low-balance", "waiting"),
    ] {
        let job = [
            ("order_id", id),
            ("product_id", "2"),
            ("quantity", "2"),
            ("meta", "till 7"),
        ];
        world.enqueue_job(&job).await;
        world.wait_for_state(id, state).await;
    }
    for job in [
        &[("order_id", "done"), ("product_id", "2"), ("quantity", "2")][..],
        &[
            ("order_id", "faulty"),
            ("product_id", "2x"),
            ("quantity", "many"),
        ],
        &[
            ("order_id", "unknown"),
            ("product_id", "404"),
            ("quantity", "1"),
        ],
        &[("order", "typo")],
    ] {
        world.enqueue_job(job).await;
    }
    world.results("unknown", 1).await;
    let letters = || async {
        let n: u64 = world.redis.command(&["XLEN", "{hp}:rejected"]).await;
        (n == 1).then_some(())
    };
    world.redis.wait_until("the dead letter", letters).await;
    (world, worker)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_uses_the_same_types() {
    let (world, _worker) = busy_world().await;
    let serial = objects(&world, &["record", "done"])[0]["cards"][0]["pin_sn"].clone();
    let serial = serial.as_str().unwrap();
    let every_state: Vec<_> = STATES.iter().flat_map(|state| ["--state", state]).collect();
    let reason = ["--why", "ticket 42", "--by", "Ada"];
    let mut commands: Vec<Vec<&str>> = vec![
        ENQUEUE.into(),
        [&ENQUEUE[..], &["--wait"]].concat(),
        vec!["results"],
        vec!["results", "--show-pins"],
        [&["orders"], &every_state[..]].concat(),
        vec!["record", "done"],
        vec!["pin", serial],
        vec!["products"],
        vec!["doctor"],
        vec!["account", "show"],
        vec!["rejected", "list"],
        vec!["reconcile", "--dry-run"],
        vec!["reconcile", "--audit", "--since", "1h"],
        [&["retry", "poor~low-balance", "nobody"], &reason[..]].concat(),
        [&["republish", "done"], &reason[..]].concat(),
        [
            &["resolve", "misfit~wrong-record", "--as", "completed"],
            &reason[..],
        ]
        .concat(),
    ];
    for id in [
        "done",
        "refused~code-400100",
        "misfit~wrong-record",
        "poor~low-balance",
    ] {
        commands.push(vec!["order", id]);
    }
    let mut names = Vec::new();
    for command in &commands {
        for object in objects(&world, command) {
            check(command, &object, &mut names);
        }
    }
    world.control().pause("stocktaking", "Ada").await.unwrap();
    let status = &objects(&world, &["status"])[0];
    check(&["status"], status, &mut names);
    assert_eq!(status["paused"]["by"], "Ada");
    assert!(status["paused"]["since"].is_u64(), "{status}");
    for name in [NUMBERS.as_slice(), &TEXTS, &MONEY, &FLAGS[..1]].concat() {
        assert!(
            names.iter().any(|seen| seen == name),
            "no command prints {name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn number_of_an_invalid_job_is_null() {
    let (world, _worker) = busy_world().await;
    let results = objects(&world, &["results"]);
    let faulty = results
        .iter()
        .find(|result| result["order_id"] == "faulty")
        .unwrap();
    assert!(
        faulty["product_id"].is_null() && faulty["quantity"].is_null(),
        "{faulty}"
    );
    let done = results
        .iter()
        .find(|result| result["order_id"] == "done")
        .unwrap();
    assert_eq!(
        (&done["product_id"], &done["quantity"]),
        (&2.into(), &2.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_the_commands_is_documented() {
    let (world, _worker) = busy_world().await;
    let document = include_str!("../../docs/json-output.md");
    let protocol = include_str!("../../docs/queue-protocol.md");
    for command in [
        &["results", "--show-pins"][..],
        &["orders", "--state", "failed"],
        &["order", "done"],
        &["record", "done"],
        &["products"],
        &["doctor"],
        &["account", "show"],
        &["rejected", "list"],
        &["retry", "nobody", "--by", "Ada"],
    ] {
        for object in objects(&world, command) {
            for name in object.as_object().unwrap().keys() {
                let quoted = format!("`{name}`");
                let is_documented = document.contains(&quoted) || protocol.contains(&quoted);
                assert!(is_documented, "{command:?}: {name}");
            }
        }
    }
}
