//! One worker sends each event to the receiver, at least once, and orders never wait for it.
//!
//! The tests wait for commands on one thread, so the sandbox answers on another.

mod lease;
mod receiver_faults;

use base64::{Engine, engine::general_purpose::STANDARD};
use e2e::{Notification, Receiver, Reception, Worker, World, tls::TlsFront};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    claims::LONG_LEASE,
    obstacles::{review, run, run_with},
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The settings of a worker that notifies this receiver.
pub(crate) fn settings<'a>(url: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
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
    let (at, detail) = (world.now().await.to_string(), detail.to_string());
    let mut words = vec!["XADD", "{hp}:events", "*", "event", event, "at", &at];
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
        "Run `worker order 'A&lt;1&gt;'`",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains(['<', '>', '\u{1b}']), "{text}");
    assert_eq!(body.as_object().unwrap().len(), 1);
    assert_eq!(message.header("webhook-signature"), "");
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
async fn notify_test_says_what_the_receiver_answers() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    let url = receiver.url();
    let send = |url: &str, more: &[&str]| {
        let words = [&["notify", "test"], more].concat();
        let (code, text) = run_with(&world, &words, &settings(url, &[]));
        assert!(!text.contains("SECRET-TOKEN"), "{text}");
        (code, text)
    };
    let (code, text) = send(&url, &[]);
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
        let (code, text) = send(&url, &[]);
        assert!(code == 1 && text.contains(word), "{code} {text}");
    }
    let (code, text) = send(&url, &["--json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (code, &json["delivered"], &json["status"]),
        (1, &json!(false), &json!(302))
    );
    receiver.answer(|_| Reception::Status(204));
    let front = TlsFront::start(receiver.addr()).await;
    let tls = format!("https://localhost:{}/SECRET-TOKEN", front.port());
    for (url, word) in [
        ("http://127.0.0.1:1/SECRET-TOKEN", "firewall"),
        ("https://no-such-host.invalid/SECRET-TOKEN", "DNS"),
        (&*tls, "must trust its authority"),
    ] {
        let (code, text) = send(url, &[]);
        assert!(code == 2 && text.contains(word), "{code} {text}");
    }
    let authority = e2e::tls::authority();
    let trusting = [("SSL_CERT_FILE", authority.to_str().unwrap())];
    let settings = settings(&tls, &trusting);
    let (code, text) = run_with(&world, &["notify", "test"], &settings);
    assert!(code == 0 && text.contains("accepted: "), "{text}");
    let (code, text) = run(&world, &["notify", "test"]);
    assert!(code == 2 && text.contains("HP_NOTIFY__URL"), "{text}");
}
