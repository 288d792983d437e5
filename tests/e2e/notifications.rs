//! One worker sends each event to the receiver, at least once, and orders never wait for it.
//!
//! The tests wait for commands on one thread, so the sandbox answers on another.

use std::collections::{BTreeSet, HashMap};

use base64::{Engine, engine::general_purpose::STANDARD};
use e2e::{Notification, Receiver, Reception, Worker, World};
use hmac::{Hmac, KeyInit, Mac};
use hp_queue::{Acquired, NotifierLease};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    claims::LONG_LEASE,
    obstacles::{review, run, run_with},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The settings of a worker that notifies this receiver.
fn settings<'a>(url: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("HP_NOTIFY__URL", url),
        ("HP_NOTIFY__SECRET", SECRET),
        ("HP_WORKER__LEASE", "1s"),
    ];
    [&usual, more].concat()
}

fn worker(world: &World, receiver: &Receiver) -> Worker {
    world.worker_with(&settings(&receiver.url(), &[]))
}

/// Makes notifications begin with the first event.
async fn begin_at_the_start(world: &World) {
    let words = ["HSET", "{hp}:notifier", "cursor", "0-0", "place", "0"];
    world.redis.command::<u64>(&words).await;
}

/// Adds an event, as a worker does.
async fn add_event(world: &World, event: &str, order: Option<&str>, detail: &Value) -> String {
    let at = world.now().await.to_string();
    add_event_at(world, &at, event, order, detail).await
}

async fn add_event_at(
    world: &World,
    at: &str,
    event: &str,
    order: Option<&str>,
    detail: &Value,
) -> String {
    let detail = detail.to_string();
    let mut words = vec!["XADD", "{hp}:events", "*", "event", event, "at", at];
    words.extend(["detail", &detail]);
    words.extend(order.into_iter().flat_map(|id| ["order_id", id]));
    world.redis.command(&words).await
}

async fn add_reviews(world: &World, ids: impl IntoIterator<Item = String>) {
    for id in ids {
        add_event(world, "order.review", Some(&id), &json!({"to": "review"})).await;
    }
}

/// Verifies the signature by the words of the specification.
fn assert_signed(message: &Notification) {
    let key = STANDARD
        .decode(SECRET.trim_start_matches("whsec_"))
        .unwrap();
    let (id, time) = (
        message.header("webhook-id"),
        message.header("webhook-timestamp"),
    );
    let signed = format!("{id}.{time}.{}", message.body);
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(signed.as_bytes());
    let wanted = STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(message.header("webhook-signature"), format!("v1,{wanted}"));
    assert!(time.parse::<u64>().unwrap() > 1_700_000_000);
    assert!(!id.contains('.') && id.starts_with("evt_hp_"), "{id}");
    assert_eq!(message.header("content-type"), "application/json");
}

/// The kind and the order of a message about one event.
fn kind(message: &Notification) -> String {
    let json = message.json();
    let order = json["data"]["order_id"].as_str().unwrap_or_default();
    format!("{} {order}", json["type"].as_str().unwrap())
        .trim_end()
        .into()
}

/// The orders that these messages name.
fn orders(messages: &[Notification]) -> Vec<String> {
    let ids = messages.iter().flat_map(|message| {
        let data = &message.json()["data"];
        let one = data["order_id"].as_str().map(Into::into);
        let several = data["order_ids"].as_array().cloned().unwrap_or_default();
        let several = several.iter().map(|id| id.as_str().unwrap().to_owned());
        one.into_iter().chain(several).collect::<Vec<String>>()
    });
    ids.collect()
}

/// Waits until the notifier has stored this.
async fn wait_for_counts(world: &World, delivered: u64, undelivered: u64) {
    let wanted = [delivered, undelivered];
    let counted = || async {
        let words = ["HMGET", "{hp}:notifier", "delivered", "undelivered"];
        let counts: Vec<Option<u64>> = world.redis.command(&words).await;
        (counts == wanted.map(Some)).then_some(())
    };
    world.redis.wait_until("delivered events", counted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_event_is_sent_and_signed() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    begin_at_the_start(&world).await;
    review(&world, "A-1").await;
    let control = world.control();
    control.pause("stocktaking", "Ada").await.unwrap();
    control.resume("Bob").await.unwrap();
    let scope = "CNY".parse().unwrap();
    control.hold_balance(scope, LONG_LEASE).await.unwrap();
    add_event(&world, "balance.restored", None, &json!({"scope": "CNY"})).await;
    let id = "A-2".parse().unwrap();
    let state = hp_order::State::Failed;
    control
        .report_difference(&id, state, "it is charged")
        .await
        .unwrap();
    add_event(&world, "vendor.unreachable", None, &json!({})).await;
    add_event(&world, "vendor.reachable", None, &json!({})).await;
    add_event(
        &world,
        "order.review_resolved",
        Some("A-1"),
        &json!({"to": "completed"}),
    )
    .await;
    add_event(&world, "of.the.future", Some("A-3"), &json!({"x": 1})).await;

    let _worker = worker(&world, &receiver);
    let messages = receiver.wait_for(10).await;
    messages.iter().for_each(assert_signed);
    let kinds: Vec<_> = messages.iter().map(kind).collect();
    let wanted = [
        "order.review A-1",
        "queue.paused",
        "queue.resumed",
        "balance.low",
        "balance.restored",
        "reconcile.difference A-2",
        "vendor.unreachable",
        "vendor.reachable",
        "order.review_resolved A-1",
        "of.the.future A-3",
    ];
    assert_eq!(kinds, wanted);
    let paused = messages[1].json();
    assert_eq!(
        paused["data"]["detail"],
        json!({"reason": "stocktaking", "by": "Ada"})
    );
    assert_eq!(paused["data"]["queue"], "{hp}");
    let entries = world.stream("{hp}:events").await;
    for (message, entry) in messages.iter().zip(entries) {
        assert_eq!(
            message.header("webhook-id"),
            format!("evt_hp_{}", entry["entry"])
        );
        assert_eq!(message.json()["data"]["at"].to_string(), entry["at"]);
    }
    wait_for_counts(&world, 10, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_begin_with_the_first_worker() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    add_reviews(&world, ["A-1".into()]).await;
    let worker = worker(&world, &receiver);
    worker
        .wait_for_log("this worker sends the notifications")
        .await;
    add_reviews(&world, ["A-2".into()]).await;
    receiver.wait_for(1).await;
    wait_for_counts(&world, 1, 0).await;
    assert_eq!(orders(&receiver.all()), ["A-2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn chat_gets_a_sentence_that_is_escaped() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    begin_at_the_start(&world).await;
    let detail = json!({"message": "<!channel> & \u{1b}[31m <b>", "cause": "misfit"});
    add_event(&world, "order.review", Some("A<1>"), &detail).await;
    let slack = [
        ("HP_NOTIFY__URL", &*receiver.url()),
        ("HP_NOTIFY__FORMAT", "slack"),
    ];
    let _worker = world.worker_with(&slack);
    let message = receiver.wait_for(1).await.remove(0);
    let body = message.json();
    let text = body["text"].as_str().unwrap();
    for part in [
        "Order A&lt;1&gt; needs an operator: &lt;!channel&gt; &amp; ",
        "Run `worker order A&lt;1&gt;`",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains(['<', '>', '\u{1b}']), "{text}");
    assert_eq!(body.as_object().unwrap().len(), 1);
    assert_eq!(message.header("webhook-signature"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_notifier_is_replaced_and_loses_nothing() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    begin_at_the_start(&world).await;
    let mut wanted = BTreeSet::new();
    for round in 0..4 {
        let notifier = worker(&world, &receiver);
        notifier
            .wait_for_log("this worker sends the notifications")
            .await;
        let before = receiver.all().len();
        // Killed before, while and after the receiver gets a message.
        let hangs = round % 2 == 0;
        receiver.answer(move |_| {
            if hangs {
                Reception::Hang
            } else {
                Reception::Status(204)
            }
        });
        let ids: Vec<_> = (0..4).map(|n| format!("A-{round}-{n}")).collect();
        wanted.extend(ids.iter().cloned());
        add_reviews(&world, ids).await;
        if round > 0 {
            let got = |all: &[Notification]| (all.len() > before).then_some(());
            receiver.wait_until("a message", got).await;
        }
        notifier.signal(Signal::SIGKILL);
    }
    receiver.answer(|_| Reception::Status(204));
    let (_first, _second) = (worker(&world, &receiver), worker(&world, &receiver));
    let all_arrived = |all: &[Notification]| {
        let accepted: Vec<_> = all.iter().filter(|one| one.is_accepted).cloned().collect();
        let arrived: BTreeSet<_> = orders(&accepted).into_iter().collect();
        (arrived == wanted).then_some(())
    };
    receiver.wait_until("all events", all_arrived).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_notifier_hands_over_at_once() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    // With this lease, nobody takes over from a worker that still holds it.
    let url = receiver.url();
    let long = settings(
        &url,
        &[
            ("HP_WORKER__LEASE", "1h"),
            ("HP_RETRY__RESUBMIT_AFTER", "2h"),
        ],
    );
    let mut first = world.worker_with(&long);
    first
        .wait_for_log("this worker sends the notifications")
        .await;
    first.signal(Signal::SIGTERM);
    first.wait_for_exit().await;
    let second = world.worker_with(&long);
    second
        .wait_for_log("this worker sends the notifications")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outage_of_the_receiver_delays_events_only() {
    for failure in [
        Reception::Status(500),
        Reception::RetryAfter(429, 0),
        Reception::Close,
        Reception::Redirect,
        Reception::Hang,
    ] {
        let (world, receiver) = (World::start(), Receiver::start().await);
        begin_at_the_start(&world).await;
        receiver.answer(move |_| failure);
        let _worker = worker(&world, &receiver);
        for n in 0..3 {
            for kind in ["order.review", "order.review_resolved"] {
                add_event(&world, kind, Some(&format!("A-{n}")), &json!({})).await;
            }
        }
        let tries = |all: &[Notification]| (all.len() >= 2).then_some(());
        receiver.wait_until("two tries", tries).await;
        receiver.answer(|_| Reception::Status(200));
        let messages = receiver.wait_for(6).await;
        let mut latest = HashMap::new();
        for message in &messages {
            assert_signed(message);
            let json = message.json();
            let id = json["data"]["order_id"].as_str().unwrap().to_owned();
            let before = latest.insert(id, json["type"].clone());
            let is_first = json["type"] == "order.review";
            assert_eq!(before.is_none(), is_first, "{failure:?}: {messages:?}");
        }
        wait_for_counts(&world, 6, 0).await;
        let again = receiver.all();
        let (first, second) = (&again[0], &again[1]);
        assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_event_stops_no_other_order() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    begin_at_the_start(&world).await;
    receiver.answer(|message| {
        Reception::Status(if message.body.contains("\"A-1\"") {
            400
        } else {
            204
        })
    });
    add_reviews(&world, ["A-1".into(), "A-2".into()]).await;
    add_event(&world, "order.review_resolved", Some("A-1"), &json!({})).await;
    let notifier = worker(&world, &receiver);
    receiver.wait_for(1).await;
    wait_for_counts(&world, 1, 0).await;
    assert_eq!(orders(&receiver.accepted()), ["A-2"]);
    let (_, text) = run(&world, &["status"]);
    assert!(text.contains("the receiver answered 400"), "{text}");

    // Another worker knows which event waits.
    notifier.signal(Signal::SIGKILL);
    receiver.answer(|_| Reception::Status(204));
    let _next = worker(&world, &receiver);
    let messages = receiver.wait_for(3).await;
    let kinds: Vec<_> = messages.iter().map(kind).collect();
    assert_eq!(
        kinds[1..],
        ["order.review A-1", "order.review_resolved A-1"]
    );
    wait_for_counts(&world, 3, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn undelivered_events_are_counted_and_said() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    begin_at_the_start(&world).await;
    let two_days_ago = (world.now().await - 2 * 24 * 3_600_000).to_string();
    add_event_at(
        &world,
        &two_days_ago,
        "order.review",
        Some("A-1"),
        &json!({}),
    )
    .await;
    receiver.answer(|message| {
        Reception::Status(if message.body.contains("\"A-1\"") {
            400
        } else {
            204
        })
    });
    let worker = worker(&world, &receiver);
    worker.wait_for_log("are given up").await;
    add_reviews(&world, ["A-2".into()]).await;
    receiver.wait_for(1).await;
    wait_for_counts(&world, 1, 1).await;
    for command in ["status", "doctor"] {
        let (_, text) = run_with(&world, &[command], &settings(&receiver.url(), &[]));
        assert!(text.contains("1 event was not delivered"), "{text}");
    }
    let (_, text) = run(&world, &["status", "--json"]);
    let status: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        status["notifications"],
        json!({"delivered": 1, "undelivered": 1, "failure": null})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn trimmed_events_count_as_undelivered() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    begin_at_the_start(&world).await;
    add_reviews(&world, (0..10).map(|n| format!("A-{n}"))).await;
    let words = ["XTRIM", "{hp}:events", "MAXLEN", "3"];
    world.redis.command::<u64>(&words).await;
    let _worker = worker(&world, &receiver);
    receiver.wait_for(3).await;
    wait_for_counts(&world, 3, 7).await;
    // A stream that somebody has deleted begins again.
    world.redis.command::<u64>(&["DEL", "{hp}:events"]).await;
    add_reviews(&world, ["B-1".into()]).await;
    receiver.wait_for(4).await;
    wait_for_counts(&world, 4, 7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_becomes_few_messages() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    begin_at_the_start(&world).await;
    add_reviews(&world, (0..200).map(|n| format!("A-{n}"))).await;
    let _worker = worker(&world, &receiver);
    wait_for_counts(&world, 200, 0).await;
    let messages = receiver.all();
    assert!(messages.len() <= 3, "{messages:?}");
    let merged = messages[0].json();
    assert_signed(&messages[0]);
    assert_eq!(merged["type"], "order.review");
    assert_eq!(merged["data"]["count"], 200);
    assert_eq!(merged["data"]["order_ids"][9], "A-9");
    assert_eq!(merged["data"]["order_ids"].as_array().unwrap().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_never_wait_for_the_receiver() {
    let hanging = Receiver::start().await;
    hanging.answer(|_| Reception::Hang);
    let endless = Receiver::start().await;
    endless.answer(|_| Reception::Endless);
    let no_tls = hanging.url().replace("http://", "https://");
    for url in [
        hanging.url(),
        endless.url(),
        no_tls,
        "http://127.0.0.1:1/hook".into(),
        "https://no-such-host.invalid/hook".into(),
    ] {
        let world = World::start();
        begin_at_the_start(&world).await;
        add_reviews(&world, ["R-1".into()]).await;
        let mut worker = world.worker_with(&settings(&url, &[]));
        for n in 0..5 {
            world.enqueue(&format!("A-{n}"), 1).await;
        }
        for n in 0..5 {
            assert_eq!(world.result(&format!("A-{n}")).await["status"], "completed");
        }
        worker.signal(Signal::SIGTERM);
        assert!(worker.wait_for_exit().await.success());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_and_cards_are_in_no_message_and_no_log() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    begin_at_the_start(&world).await;
    receiver.answer(|_| Reception::Status(500));
    let url = receiver.url();
    let worker = world.worker_with(&settings(&url, &[("HP_LOG__FILTER", "trace")]));
    world.enqueue("A-1", 3).await;
    let result = world.result("A-1").await;
    run(&world, &["pause", "--why", "stocktaking"]);
    worker.wait_for_log("cannot deliver a notification").await;
    receiver.answer(|_| Reception::Status(204));
    receiver.wait_for(1).await;
    worker.wait_for_log("notification delivered").await;
    let (_, config) = run_with(&world, &["config"], &settings(&url, &[]));
    let mut seen = worker.log() + &config;
    seen.extend(receiver.all().iter().map(|message| message.body.clone()));
    let pins: Value = serde_json::from_str(&result["pins"]).unwrap();
    let mut secrets: Vec<_> = pins.as_array().unwrap().iter().flat_map(texts).collect();
    assert!(secrets.len() >= 3, "{pins}");
    secrets.extend(
        [
            "SECRET-TOKEN",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "demo-secret",
        ]
        .map(Into::into),
    );
    for secret in secrets {
        assert!(!seen.contains(&secret), "{secret}");
    }
}

/// The texts of a card that are long enough to be a key.
fn texts(card: &Value) -> Vec<String> {
    let fields = card.as_object().unwrap().values();
    let texts = fields.filter_map(|value| value.as_str());
    texts
        .filter(|text| text.len() >= 8)
        .map(Into::into)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_notifier_moves_nothing() {
    let world = World::start();
    let lease = |name: &str, time| NotifierLease::new(world.handle(), name.into(), time);
    let first = lease("first", std::time::Duration::ZERO);
    let Ok(Acquired::Held(takeover)) = first.acquire().await else {
        panic!("the lease was free");
    };
    let second = lease("second", LONG_LEASE);
    assert!(matches!(second.acquire().await, Ok(Acquired::Held(_))));
    assert!(!first.renew().await.unwrap());
    let mut progress = takeover.progress.clone();
    progress.cursor = "9-9".into();
    assert!(!first.save(&progress).await.unwrap());
    assert!(first.read(("0-0", 0), 1).await.unwrap().is_none());
    first.release().await.unwrap();
    assert!(second.renew().await.unwrap());
    let third = lease("third", LONG_LEASE);
    assert!(matches!(
        third.acquire().await,
        Ok(Acquired::HeldByOther(_))
    ));
    let cursor: String = world
        .redis
        .command(&["HGET", "{hp}:notifier", "cursor"])
        .await;
    assert_eq!(cursor, takeover.progress.cursor);
}

#[tokio::test(flavor = "multi_thread")]
async fn notify_test_says_what_the_receiver_answers() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    let url = receiver.url();
    let test = |url: &str, more: &[&str]| {
        let words = [&["notify", "test"], more].concat();
        let (code, text) = run_with(&world, &words, &settings(url, &[]));
        assert!(!text.contains("SECRET-TOKEN"), "{text}");
        (code, text)
    };
    let (code, text) = test(&url, &[]);
    assert!(code == 0 && text.contains("accepted: "), "{text}");
    let message = receiver.accepted().remove(0);
    assert_signed(&message);
    assert_eq!(message.json()["type"], "notify.test");
    for (reception, word) in [
        (Reception::Status(404), "Make a new webhook"),
        (Reception::Status(403), "notify.secret"),
        (Reception::Status(400), "notify.format"),
        (Reception::Status(500), "its log"),
        (Reception::Redirect, "redirects"),
    ] {
        receiver.answer(move |_| reception);
        let (code, text) = test(&url, &[]);
        assert!(code == 1 && text.contains(word), "{code} {text}");
    }
    let (code, text) = test(&url, &["--json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (code, &json["delivered"], &json["status"]),
        (1, &json!(false), &json!(302))
    );
    let no_tls = url.replace("http://", "https://");
    for (url, word) in [
        ("http://127.0.0.1:1/SECRET-TOKEN", "firewall"),
        ("https://no-such-host.invalid/SECRET-TOKEN", "DNS"),
        (&*no_tls, "TLS"),
    ] {
        let (code, text) = test(url, &[]);
        assert!(code == 2 && text.contains(word), "{code} {text}");
    }
    let (code, text) = run(&world, &["notify", "test"]);
    assert!(code == 2 && text.contains("HP_NOTIFY__URL"), "{text}");
}
