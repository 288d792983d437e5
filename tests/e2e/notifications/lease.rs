//! One worker at a time sends notifications.

use std::collections::BTreeSet;

use e2e::{Notification, Receiver, Reception, World};
use hp_queue::{Acquired, NotifierLease};
use nix::sys::signal::Signal;

use super::{add_reviews, begin_at_the_start, orders, settings, wait_for_counts, worker};
use crate::claims::LONG_LEASE;

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
        // Even if all go into one message, it names each of them.
        let ids: Vec<_> = (0..2).map(|n| format!("A-{round}-{n}")).collect();
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
async fn events_between_start_and_lease_are_sent() {
    let world = World::start();
    let lease = |name: &str| NotifierLease::new(world.handle(), name.into(), LONG_LEASE);
    add_reviews(&world, ["A-1".into()]).await;
    lease("").begin().await.unwrap();
    add_reviews(&world, ["A-2".into()]).await;
    lease("").begin().await.unwrap();
    let lease = lease("first");
    let Ok(Acquired::Held(takeover)) = lease.acquire().await else {
        panic!("the lease was free");
    };
    let after = (takeover.progress.cursor.as_str(), takeover.progress.place);
    let page = lease.read(after, 10).await.unwrap().unwrap();
    let ids: Vec<_> = page
        .events
        .iter()
        .map(|one| one.event.order_id.clone())
        .collect();
    assert_eq!((ids, page.lost), (vec![Some("A-2".into())], 0));
    assert_eq!(page.events[0].place, 2);
}
