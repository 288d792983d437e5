use e2e::World;
use hp_api::{Outcome, Refusal, RefusalKind};
use hp_order::Event;

use super::{Scrape, idle_worker, wait_for};
use crate::{
    claims::{ENDED_LEASE, LONG_LEASE, apply_event, claim_one},
    obstacles::review,
    reconcile::lost,
};

/// HitPoints denies the order for now.
fn refused_for_now() -> Event {
    let refusal = Refusal {
        kind: RefusalKind::StaleDate,
        code: None,
        message: "later".into(),
    };
    Event::Submitted(Outcome::NotCharged(refusal))
}

#[tokio::test(flavor = "multi_thread")]
async fn open_orders_count_in_their_states() {
    let world = World::start();
    let ledger = world.ledger();
    let mut n = 0;
    for (orders, event) in [
        (1, Some(Event::Released)),
        (2, None),
        (3, Some(lost())),
        (4, Some(refused_for_now())),
    ] {
        for _ in 0..orders {
            n += 1;
            world.enqueue(&format!("A-{n}"), 1).await;
            let claim = claim_one(&ledger, LONG_LEASE).await;
            if let Some(event) = event.clone() {
                apply_event(&ledger, &claim, event).await;
            }
        }
    }
    for n in 1..=5 {
        review(&world, &format!("R-{n}")).await;
    }
    let worker = idle_worker(&world).await;
    let scrape = wait_for(&worker, &[("paused", 1.0), ("review_orders", 5.0)]).await;
    for (state, orders) in [
        ("queued", 1.0),
        ("submitting", 2.0),
        ("uncertain", 3.0),
        ("waiting", 4.0),
        ("review", 5.0),
    ] {
        let series = format!("open_orders{{state=\"{state}\"}}");
        assert_eq!(scrape.value(&series), Some(orders), "{state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_leave_their_states_when_they_end() {
    let world = World::start();
    let worker = world.worker();
    let trouble = ["A-1~timeout-before", "A-2~timeout-after", "A-3"];
    for id in trouble {
        world.enqueue(id, 1).await;
    }
    for id in trouble {
        assert_eq!(world.result(id).await["status"], "completed");
    }
    let zeros = ["queued", "submitting", "uncertain", "waiting", "review"];
    let zeros = zeros.map(|state| format!("open_orders{{state=\"{state}\"}}"));
    let zeros: Vec<_> = zeros.iter().map(|series| (series.as_str(), 0.0)).collect();
    wait_for(&worker, &zeros).await;
    // What has gone through a state has left its set, too.
    for state in ["queued", "uncertain", "waiting", "review"] {
        let set = format!("{{hp}}:state:{state}");
        let exists: bool = world.redis.command(&["EXISTS", &set]).await;
        assert!(!exists, "{state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schedule_lag_is_that_of_the_earliest_order() {
    let world = World::start();
    let ledger = world.ledger();
    for n in 0..3 {
        world.enqueue(&format!("A-{n}"), 1).await;
        claim_one(&ledger, ENDED_LEASE).await;
    }
    world.enqueue("A-3", 1).await;
    claim_one(&ledger, LONG_LEASE).await;
    let now = world.now().await;
    let minute_ago = (now - 60_000).to_string();
    let words = ["ZADD", "{hp}:schedule", "XX", &minute_ago, "A-1"];
    world.redis.command::<u64>(&words).await;
    let hour_ago = (now - 3_600_000).to_string();
    let words = ["ZADD", "{hp}:open", "XX", &hour_ago, "A-2"];
    world.redis.command::<u64>(&words).await;
    let worker = idle_worker(&world).await;
    let scrape = wait_for(&worker, &[("due_orders", 3.0)]).await;
    let lag = scrape.value("schedule_lag_seconds").unwrap();
    let age = scrape.value("oldest_open_order_age_seconds").unwrap();
    assert!(lag >= 60.0 && age >= 3600.0, "{lag}, {age}");
    // The lag is that of A-1, and the age that of A-2: both are of the same moment.
    assert!((age - lag - 3540.0).abs() < 1.0, "{lag}, {age}");
}

#[tokio::test(flavor = "multi_thread")]
async fn inbox_age_is_that_of_the_oldest_entry() {
    let world = World::start();
    let now = world.now().await;
    for (n, age) in [(1, 90_000), (2, 30_000)] {
        let (entry, id) = (format!("{}-1", now - age), format!("A-{n}"));
        let job = ["order_id", &id, "product_id", "2", "quantity", "1"];
        let words = [&["XADD", "{hp}:jobs", &entry][..], &job].concat();
        world.redis.command::<String>(&words).await;
    }
    let worker = idle_worker(&world).await;
    let scrape = wait_for(&worker, &[("inbox_entries", 2.0), ("paused", 1.0)]).await;
    let age = scrape.value("inbox_oldest_age_seconds").unwrap();
    assert!(age >= 90.0, "{age}");

    world.control().resume("Ada").await.unwrap();
    wait_for(
        &worker,
        &[("inbox_entries", 0.0), ("inbox_oldest_age_seconds", 0.0)],
    )
    .await;
}

#[tokio::test]
async fn entry_without_a_time_has_no_age() {
    for entry in [
        "1-1",
        "978307199999-0",
        "18446744073709551615-1",
        "99999999999999-0",
    ] {
        let world = World::start();
        let words = ["XADD", "{hp}:jobs", entry, "order_id", "A-1"];
        world.redis.command::<String>(&words).await;
        let inbox = world.inspector().metrics().await.unwrap().inbox;
        assert_eq!(inbox.entries, Some(1));
        assert_eq!(inbox.oldest_age, Some(std::time::Duration::ZERO), "{entry}");
    }
}

#[tokio::test]
async fn huge_entry_is_not_copied_for_its_age() {
    let world = World::start();
    let huge = "x".repeat(8 * 1024 * 1024);
    let words = ["XADD", "{hp}:jobs", "*", "order_id", &huge];
    world.redis.command::<String>(&words).await;
    let inbox = world.inspector().metrics().await.unwrap().inbox;
    assert_eq!((inbox.entries, inbox.oldest_age), (Some(1), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_entries_and_dead_letters_count() {
    let world = World::start();
    for n in 0..5 {
        let id = format!("A-{n}");
        let add = ["XADD", "{hp}:jobs", "MAXLEN", "=", "2", "*"];
        let job = ["order_id", &id, "product_id", "2", "quantity", "1"];
        world
            .redis
            .command::<String>(&[&add[..], &job].concat())
            .await;
    }
    // Before any worker has taken an entry.
    let metrics = world.inspector().metrics().await.unwrap();
    assert_eq!(metrics.inbox.lost, Some(3));
    world.enqueue_job(&[("order", "none")]).await;
    let worker = world.worker();
    wait_for(
        &worker,
        &[("lost_entries_total", 3.0), ("dead_letters", 1.0)],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replays_count_until_they_are_published() {
    let world = World::start();
    let mut worker = world.worker();
    world.enqueue("A-1", 1).await;
    let first = world.result("A-1").await;
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.wait_for_exit().await;
    let removed: u64 = world
        .redis
        .command(&["XDEL", "{hp}:results", &first["entry"]])
        .await;
    assert_eq!(removed, 1);
    world.enqueue("A-1", 1).await;
    crate::repeated_orders::take_inbox(&world.ledger()).await;
    let worker = idle_worker(&world).await;
    wait_for(&worker, &[("replays_waiting", 1.0), ("due_orders", 1.0)]).await;
    assert_eq!(
        Scrape::of(&worker)
            .await
            .value("open_orders{state=\"submitting\"}"),
        Some(0.0)
    );

    world.control().resume("Ada").await.unwrap();
    world.result("A-1").await;
    wait_for(&worker, &[("replays_waiting", 0.0)]).await;
}
