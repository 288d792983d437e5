//! A receiver that fails, refuses or hangs.

use std::collections::HashMap;

use e2e::{Notification, Receiver, Reception, World};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{
    add_event, add_reviews, assert_signed, begin_at_the_start, kind, orders, settings,
    wait_for_counts, worker,
};
use crate::obstacles::{run, run_with};

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
    // One more than may wait.
    add_reviews(&world, (0..501).map(|n| format!("A-{n}"))).await;
    let queue = ["queue.paused", "queue.resumed"];
    receiver.answer(|message| {
        let is_refused = message.body.contains("order.review");
        Reception::Status(if is_refused { 400 } else { 204 })
    });
    let worker = worker(&world, &receiver);
    worker.wait_for_log("are given up").await;
    wait_for_counts(&world, 0, 1).await;
    for kind in queue {
        add_event(&world, kind, None, &json!({"by": "Ada"})).await;
    }
    wait_for_counts(&world, 2, 1).await;
    for command in ["status", "doctor"] {
        let (_, text) = run_with(&world, &[command], &settings(&receiver.url(), &[]));
        assert!(text.contains("1 event was not delivered"), "{text}");
        assert!(text.contains("the receiver answered 400"), "{text}");
    }
    let (_, text) = run(&world, &["doctor"]);
    assert!(
        !text.contains("notifications"),
        "no receiver is set: {text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_warns_only_while_deliveries_fail() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    let set = |pairs: &[&str]| {
        let words = [&["HSET", "{hp}:notifier"], pairs].concat();
        let words: Vec<String> = words.into_iter().map(Into::into).collect();
        let world = &world;
        async move {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            world.redis.command::<u64>(&words).await
        }
    };
    let doctor = || {
        let (_, text) = run_with(&world, &["doctor"], &settings(&receiver.url(), &[]));
        let line = text.lines().find(|line| line.contains("notifications"));
        line.unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    set(&[
        "delivered",
        "5",
        "undelivered",
        "1",
        "failure",
        "it is down",
    ])
    .await;
    let line = doctor();
    assert!(line.starts_with("warn"), "{line}");
    set(&["failure", ""]).await;
    let line = doctor();
    assert!(line.starts_with("ok "), "{line}");
    assert!(line.contains("1 event was not delivered"), "{line}");
    let (_, text) = run(&world, &["status", "--json"]);
    let status: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        status["notifications"],
        json!({"delivered": 5, "undelivered": 1, "failure": null})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_breaking_events_stop_no_other() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    begin_at_the_start(&world).await;
    receiver.answer(|message| {
        let breaks = message.body.contains("BAD");
        Reception::Status(if breaks { 500 } else { 200 })
    });
    add_reviews(
        &world,
        ["BAD-1", "BAD-2", "GOOD-1", "GOOD-2"].map(Into::into),
    )
    .await;
    let worker = worker(&world, &receiver);
    wait_for_counts(&world, 2, 0).await;
    assert_eq!(orders(&receiver.accepted()), ["GOOD-1", "GOOD-2"]);
    assert_eq!(worker.log().matches("the worker tries again").count(), 1);
    receiver.answer(|_| Reception::Status(200));
    worker
        .wait_for_log("notifications are delivered again")
        .await;
    wait_for_counts(&world, 4, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_are_no_events_do_not_stay_pending() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    begin_at_the_start(&world).await;
    let words = ["XADD", "{hp}:events", "*", "no", "event"];
    let entry: String = world.redis.command(&words).await;
    let _worker = worker(&world, &receiver);
    let passed = || async {
        let words = ["HMGET", "{hp}:notifier", "cursor", "place"];
        let known: Vec<String> = world.redis.command(&words).await;
        (known == [entry.clone(), "1".into()]).then_some(())
    };
    world.redis.wait_until("a cursor after it", passed).await;
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
