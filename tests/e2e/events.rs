//! `{hp}:events` reports what an operator should know, in the same step as the change.
//!
//! The tests wait for commands on one thread, so the sandbox answers on another.

use e2e::{Worker, World};
use hp_api::{Outcome, Refusal, RefusalKind};
use hp_order::Event;
use hp_queue::{Events, FirstSource, Prefix, QueueEvent, Wait};
use hp_sandbox::Options;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::{
    claims::{ENDED_LEASE, LONG_LEASE, apply_event, claim_one},
    obstacles::{FAST, review, run, run_with},
    reconcile::{charge, charge_order, lost},
};

/// All events so far.
async fn events(world: &World) -> Vec<QueueEvent> {
    let client = hp_queue::connect(&world.redis.url()).unwrap();
    let mut events = Events::new(client, &Prefix::default());
    events.next(1000, Wait::Not).await.unwrap()
}

/// The kinds of all events so far, each with its order.
async fn kinds(world: &World) -> Vec<String> {
    let events = events(world).await.into_iter();
    let kinds = events.map(|event| [event.event, event.order_id.unwrap_or_default()].join(" "));
    kinds.map(|kind| kind.trim_end().to_owned()).collect()
}

async fn wait_for_kinds(world: &World, wanted: &[&str]) {
    let happened = || async { (kinds(world).await == wanted).then_some(()) };
    world.redis.wait_until("these events", happened).await;
}

fn detail(event: &QueueEvent) -> Value {
    Value::Object(event.detail.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn pause_and_resume_are_events_once_each() {
    let world = World::start();
    for why in ["stocktaking", "second reason"] {
        run(&world, &["pause", "--why", why, "--by", "Ada"]);
    }
    for _ in 0..2 {
        let (code, text) = run(&world, &["resume", "--by", "Bob"]);
        assert_eq!(code, 0, "{text}");
    }
    let events = events(&world).await;
    assert_eq!(kinds(&world).await, ["queue.paused", "queue.resumed"]);
    assert_eq!(
        detail(&events[0]),
        json!({"reason": "stocktaking", "by": "Ada"})
    );
    assert_eq!(
        detail(&events[1]),
        json!({"reason": "stocktaking", "by": "Bob"})
    );
    let now = world.now().await;
    assert!(events[0].at <= events[1].at && events[1].at.0 <= now);
}

#[tokio::test(flavor = "multi_thread")]
async fn review_is_an_event_when_it_begins_and_ends() {
    let world = World::start();
    review(&world, "A-1").await;
    // Another look finds nothing new.
    run(&world, &["reconcile", "--once"]);
    assert_eq!(kinds(&world).await, ["order.review A-1"]);
    let event = detail(&events(&world).await[0]);
    assert_eq!(
        (&event["from"], &event["to"]),
        (&json!("uncertain"), &json!("review"))
    );
    assert!(
        event["message"].as_str().unwrap().contains("product"),
        "{event}"
    );

    let snapshot = world
        .inspector()
        .snapshot(&["A-1"])
        .await
        .unwrap()
        .remove(0);
    charge_order(&world, &snapshot.unwrap().record.wanted).await;
    let words = ["resolve", "A-1", "--as", "completed", "--why", "ticket 42"];
    let (_, text) = run(&world, &words);
    assert_eq!(world.record("A-1").await["state"], "completed", "{text}");
    assert_eq!(
        kinds(&world).await,
        ["order.review A-1", "order.review_resolved A-1"]
    );
    let event = detail(&events(&world).await[1]);
    assert_eq!(
        (&event["from"], &event["to"]),
        (&json!("review"), &json!("completed"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn account_switch_reports_what_it_moves_and_forgets() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, lost()).await;
    let scope = "CNY".parse().unwrap();
    let control = world.control();
    control.hold_balance(scope, LONG_LEASE).await.unwrap();
    world
        .handle()
        .join(
            &hp_queue::Agreement::new(world.account(), e2e::rules()),
            hp_queue::Join::IfForgotten,
        )
        .await
        .unwrap();
    let new = ("HP_API__APP_ID", "other");
    let words = [
        "account",
        "switch",
        "--why",
        "new contract",
        "--move-to-review",
    ];
    let (_, text) = run_with(&world, &words, &[new]);
    let kinds = kinds(&world).await;
    assert_eq!(
        kinds,
        ["balance.low", "order.review A-1", "balance.restored"],
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn outage_is_an_event_when_it_begins_and_ends() {
    let world = World::start();
    for fault in ["drop-before", "query:drop-before"] {
        world.sandbox.set_fault(fault, 1.0).unwrap();
    }
    let _worker = world.worker_with(&FAST);
    for n in 0..4 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    wait_for_kinds(&world, &["vendor.unreachable"]).await;
    world.sandbox.clear_faults();
    wait_for_kinds(&world, &["vendor.unreachable", "vendor.reachable"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn balance_is_an_event_when_low_and_when_restored() {
    let world = World::with_vendor(Options {
        balance: vec!["CNY=0".parse().unwrap()],
        ..Options::local()
    });
    let _worker = world.worker();
    for id in ["A-1", "A-2", "A-3"] {
        world.enqueue(id, 1).await;
    }
    wait_for_kinds(&world, &["balance.low"]).await;
    assert_eq!(detail(&events(&world).await[0]), json!({"scope": "CNY"}));
    world.sandbox.set_balance("CNY", 100_000.into()).unwrap();
    wait_for_kinds(&world, &["balance.low", "balance.restored"]).await;
}

fn stale_date() -> Event {
    Event::Submitted(Outcome::NotCharged(Refusal {
        kind: RefusalKind::StaleDate,
        code: Some(400_111),
        message: "the date has expired".into(),
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn reconciliation_reports_what_the_ledger_had_wrong() {
    let world = World::start();
    let ledger = world.ledger();
    for id in ["A-1", "A-2"] {
        world.enqueue(id, 1).await;
        let claim = claim_one(&ledger, LONG_LEASE).await;
        if id == "A-1" {
            // Refused as the ledger knows, and charged all the same.
            apply_event(&ledger, &claim, stale_date()).await;
            charge(&world, &claim).await;
        } else {
            apply_event(&ledger, &claim, lost()).await;
        }
    }
    world
        .redis
        .command::<u64>(&["ZREM", "{hp}:open", "A-2"])
        .await;
    let (_, text) = run(&world, &["reconcile", "--order", "A-1", "--order", "A-2"]);
    let mut kinds = kinds(&world).await;
    kinds.sort();
    assert_eq!(
        kinds,
        ["reconcile.difference A-1", "reconcile.difference A-2"],
        "{text}"
    );
    assert_eq!(world.record("A-1").await["state"], "completed");
    for event in events(&world).await {
        let (detail, id) = (detail(&event), event.order_id.unwrap());
        let wanted = if id == "A-1" {
            ("to", "completed")
        } else {
            ("repaired", "listed")
        };
        assert_eq!(detail[wanted.0], wanted.1, "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_one_event_a_minute() {
    let world = World::start();
    let ledger = world.ledger();
    let claim = || ledger.claim_batch(100, LONG_LEASE, FirstSource::Inbox);
    let nonsense = async |n: u32| {
        for _ in 0..n {
            world.enqueue_job(&[("product_id", "2")]).await;
        }
    };
    let age = ["HINCRBY", "{hp}:inbox", "reported_at", "-60001"];
    for (new, is_minute_over, wanted) in [
        (3, false, vec![3]),
        // Nobody waits for another dead letter to hear of these.
        (2, false, vec![3]),
        (0, true, vec![3, 2]),
        (1, true, vec![3, 2, 1]),
        (0, true, vec![3, 2, 1]),
    ] {
        nonsense(new).await;
        if is_minute_over {
            world.redis.command::<i64>(&age).await;
        }
        claim().await.unwrap();
        let events = events(&world).await;
        assert!(events.iter().all(|event| event.event == "job.dead_letter"));
        let counts: Vec<_> = events
            .iter()
            .map(|event| event.detail["count"].clone())
            .collect();
        assert_eq!(counts, wanted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_command_lists_and_follows() {
    let world = World::start();
    let (code, text) = run(&world, &["events"]);
    assert_eq!((code, &*text), (0, ""));
    run(
        &world,
        &["pause", "--why", "stock\u{1b}[31mtaking", "--by", "Ada"],
    );
    let (code, text) = run(&world, &["events"]);
    assert_eq!(code, 0);
    assert!(
        text.contains("queue.paused") && text.contains("by: Ada"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text}");

    let mut follow = Worker::command(&["events", "--follow", "--json"], &world.settings(&[]));
    let mut follow = follow.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(follow.stdout.take().unwrap()));
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next()["event"], "queue.paused");
    run(&world, &["resume", "--by", "Ada"]);
    let event = next();
    assert_eq!(
        (&event["event"], &event["detail"]["by"]),
        (&json!("queue.resumed"), &json!("Ada"))
    );
    let id = nix::unistd::Pid::from_raw(i32::try_from(follow.id()).unwrap());
    nix::sys::signal::kill(id, Signal::SIGTERM).unwrap();
    follow.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_bounded() {
    let world = World::start();
    let fill = "for i = 1, 12000 do redis.call('XADD', KEYS[1], '*', 'event', 'x') end";
    world
        .redis
        .command::<redis::Value>(&["EVAL", fill, "1", "{hp}:events"])
        .await;
    // Entries of other programs are no events, and hide none.
    let control = world.control();
    control
        .pause(&"stocktaking ".repeat(1000), "Ada")
        .await
        .unwrap();
    let (_, text) = run(&world, &["events"]);
    assert!(
        text.contains("queue.paused") && text.len() < 1000,
        "{}",
        text.len()
    );
    let kept: u64 = world.redis.command(&["XLEN", "{hp}:events"]).await;
    assert!(kept == 10_000, "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unwritable_events_stop_no_order() {
    let world = World::start();
    world
        .redis
        .command::<String>(&["SET", "{hp}:events", "of another program"])
        .await;
    review(&world, "A-1").await;
    assert!(world.control().pause("stocktaking", "Ada").await.unwrap());
    assert!(world.control().resume("Ada").await.unwrap());
    let ledger = world.ledger();
    world.enqueue("A-2", 1).await;
    apply_event(&ledger, &claim_one(&ledger, ENDED_LEASE).await, lost()).await;
    assert_eq!(world.record("A-2").await["state"], "uncertain");
}
