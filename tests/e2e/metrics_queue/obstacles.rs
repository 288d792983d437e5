use e2e::{Receiver, Reception, Route, Worker, World};
use hp_order::State;
use hp_sandbox::Options;
use serde_json::Value;

use super::{Scrape, idle_worker, wait_for, worker_without_runs};
use crate::{notifications::settings, obstacles::review};

#[tokio::test(flavor = "multi_thread")]
async fn held_orders_count_until_the_top_up() {
    let world = World::with_vendor(Options {
        balance: vec!["CNY=0".parse().unwrap(), "USD=0".parse().unwrap()],
        ..Options::local()
    });
    // No order tests the balance again within the test.
    let worker = world.worker_with(&[("HP_RETRY__BASE", "10m"), ("HP_RETRY__MAX", "1h")]);
    // HitPoints refuses the first order of each currency; the others wait without a call.
    let mut held = 0.0;
    for (holds, product, others) in [(1.0, "2", 2), (2.0, "31", 1)] {
        for n in 0..=others {
            let id = format!("{product}-{n}");
            let job = [("order_id", id.as_str()), ("product_id", product)];
            let job = [&job[..], &[("quantity", "1")]].concat();
            world.enqueue_job(&job).await;
            held += f64::from(u8::from(n > 0));
            let wanted = [("balance_holds", holds), ("held_orders", held)];
            wait_for(&worker, &wanted).await;
        }
    }
    for (currency, holds, held) in [("CNY", 1.0, 1.0), ("USD", 0.0, 0.0)] {
        world.sandbox.set_balance(currency, 1_000.into()).unwrap();
        let scope = currency.parse().unwrap();
        world.control().lift_balance_hold(scope).await.unwrap();
        let wanted = [("balance_holds", holds), ("held_orders", held)];
        wait_for(&worker, &wanted).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn breaker_and_pause_show_while_they_last() {
    let world = World::start();
    let worker = world.worker_with(&[("HP_WORKER__CONCURRENCY", "4")]);
    wait_for(&worker, &[("breaker_open", 0.0), ("paused", 0.0)]).await;
    world.sandbox.set_fault("drop-before", 1.0).unwrap();
    world.sandbox.set_fault("query:drop-before", 1.0).unwrap();
    for n in 0..20 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    wait_for(&worker, &[("breaker_open", 1.0)]).await;
    world.sandbox.clear_faults();
    wait_for(&worker, &[("breaker_open", 0.0)]).await;
    world.control().pause("stocktaking", "Ada").await.unwrap();
    wait_for(&worker, &[("paused", 1.0)]).await;
    world.control().resume("Ada").await.unwrap();
    wait_for(&worker, &[("paused", 0.0)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_and_faulty_workers_count() {
    let world = World::start();
    let worker = world.worker();
    wait_for(&worker, &[("workers", 1.0), ("faulty_workers", 0.0)]).await;
    let route = Route::to(world.sandbox.addr());
    route.cut();
    let environment = route.environment();
    let settings = environment.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    let sick = world.worker_with(&settings.collect::<Vec<_>>());
    wait_for(&worker, &[("workers", 2.0), ("faulty_workers", 1.0)]).await;
    // Both export the same.
    let (of_one, of_other) = (Scrape::of(&worker).await, Scrape::of(&sick).await);
    for series in ["workers", "faulty_workers", "inbox_entries"] {
        assert_eq!(of_one.value(series), of_other.value(series), "{series}");
    }
    drop(sick);
    wait_for(&worker, &[("workers", 1.0), ("faulty_workers", 0.0)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notifications_count_by_what_became_of_them() {
    let (world, receiver) = (World::start(), Receiver::start().await);
    let report = async |id: &str| {
        let (id, state) = (id.parse().unwrap(), State::Failed);
        let control = world.control();
        control.report_difference(&id, state, "it is charged").await
    };
    // The stream drops the first event before the worker starts.
    let begin = ["HSET", "{hp}:notifier", "cursor", "0-0", "place", "0"];
    world.redis.command::<u64>(&begin).await;
    report("A-1").await.unwrap();
    report("A-2").await.unwrap();
    let trim = ["XTRIM", "{hp}:events", "MAXLEN", "1"];
    world.redis.command::<u64>(&trim).await;
    let worker = world.worker_with(&settings(&receiver.url(), &[]));
    let (delivered, undelivered) = (
        "notifications_delivered_total",
        "notifications_undelivered_total",
    );
    wait_for(
        &worker,
        &[
            (delivered, 1.0),
            (undelivered, 1.0),
            ("notifications_pending", 0.0),
        ],
    )
    .await;

    receiver.answer(|_| Reception::Status(400));
    report("A-3").await.unwrap();
    wait_for(
        &worker,
        &[(undelivered, 1.0), ("notifications_pending", 1.0)],
    )
    .await;
    receiver.answer(|_| Reception::Status(204));
    wait_for(&worker, &[(delivered, 2.0), ("notifications_pending", 0.0)]).await;
}

#[tokio::test]
async fn events_without_a_receiver_are_not_pending() {
    let world = World::start();
    review(&world, "A-1").await;
    let inspector = world.inspector();
    let pending = || async {
        let metrics = inspector.metrics().await.unwrap();
        metrics.notifications.unwrap().pending
    };
    assert_eq!(pending().await, 0);
    // Notifications begin behind this event, and only later ones wait.
    let entry = world
        .stream("{hp}:events")
        .await
        .remove(0)
        .remove("entry")
        .unwrap();
    let words = ["HSET", "{hp}:notifier", "cursor", &entry, "place", "1"];
    world.redis.command::<u64>(&words).await;
    assert_eq!(pending().await, 0);
    review(&world, "A-2").await;
    review(&world, "A-3").await;
    assert_eq!(pending().await, 2);
    // One before the cursor is still to be delivered.
    let words = ["HSET", "{hp}:notifier", "waiting_count", "1"];
    world.redis.command::<u64>(&words).await;
    assert_eq!(pending().await, 3);
    // Somebody deletes the stream.
    world.redis.command::<u64>(&["DEL", "{hp}:events"]).await;
    assert_eq!(pending().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn last_run_of_any_process_shows() {
    let world = World::start();
    let worker = worker_without_runs(&world).await;
    let last_run = "reconcile_last_run_timestamp_seconds";
    wait_for(&worker, &[(last_run, 0.0)]).await;
    let once = ["reconcile", "--once", "--json"];
    let output = Worker::output(&once, &world.settings(&[]));
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let ended = report["finished_at"].as_f64().unwrap() / 1000.0;
    wait_for(&worker, &[(last_run, ended)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hold_without_orders_ends_with_its_time() {
    let world = World::start();
    let worker = idle_worker(&world).await;
    for (scope, until) in [("CNY", "1"), ("USD", "99999999999999")] {
        let words = ["HSET", "{hp}:holds", scope, until];
        world.redis.command::<u64>(&words).await;
    }
    wait_for(&worker, &[("balance_holds", 1.0)]).await;
    // An order that still waits for the balance keeps it in force.
    let words = ["ZADD", "{hp}:held:CNY", "1", "A-1"];
    world.redis.command::<u64>(&words).await;
    wait_for(&worker, &[("balance_holds", 2.0)]).await;
}
