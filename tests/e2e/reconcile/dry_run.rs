//! A dry run asks as a run does, and changes nothing.

use e2e::World;

use super::{charge, claimed, lost, report};
use crate::by_hand::{NONE, refused, settle, take_one};

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_a_run_would_do_and_changes_nothing() {
    let world = World::start();
    let ledger = world.ledger();
    let order = claimed(&world, &ledger, "A-1").await;
    charge(&world, &order).await;
    settle(&ledger, &order, lost()).await;
    let before = world.record("A-1").await;
    let (code, report) = report(&world, &["--dry-run"]);
    assert_eq!((code, &report["found_charged"]), (0, &1.into()));
    assert_eq!(
        (&report["preview"][0]["from"], &report["preview"][0]["to"]),
        (&"uncertain".into(), &"completed".into())
    );
    assert_eq!(world.record("A-1").await, before);
    assert!(world.stream("{hp}:results").await.is_empty());
    assert!(world.stream("{hp}:reconcile:runs").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_asks_about_what_a_dead_worker_left() {
    let world = World::start();
    let ledger = world.ledger();
    world.order("A-1", 1).await;
    let order = take_one(&ledger, NONE).await;
    charge(&world, &order).await;
    let (_, report) = report(&world, &["--dry-run"]);
    let preview = &report["preview"][0];
    assert_eq!(
        (&preview["from"], &preview["to"]),
        (&"submitting".into(), &"completed".into())
    );
    assert_eq!(world.record("A-1").await["state"], "submitting");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_what_a_run_would_mend() {
    let world = World::start();
    let ledger = world.ledger();
    let order = claimed(&world, &ledger, "untold").await;
    settle(&ledger, &order, refused()).await;
    let untold = ["HDEL", "{hp}:order:untold", "result"];
    world.redis.run::<u64>(&untold).await;
    for id in ["untold", "forgotten"] {
        let listed = ["ZADD", "{hp}:open", "1", id];
        world.redis.run::<u64>(&listed).await;
    }
    let figures = ["looked_at", "told_again", "repaired", "unknown"];
    let (code, dry) = report(&world, &["--dry-run"]);
    assert_eq!(figures.map(|name| &dry[name]), [1, 1, 2, 0], "{dry:#}");
    let (as_well, run) = report(&world, &["--once"]);
    assert_eq!(figures.map(|name| &run[name]), [1, 1, 2, 0], "{run:#}");
    assert_eq!((code, as_well), (0, 0));
}
