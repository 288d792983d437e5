//! A dry run queries HitPoints like a run and changes nothing.

use e2e::{World, assert_fields};

use super::{charge, enqueue_and_claim, lost, report};
use crate::claims::{ENDED_LEASE, apply_event, claim_one, gave_up};

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_previews_run_and_changes_nothing() {
    let world = World::start();
    let ledger = world.ledger();
    let order = enqueue_and_claim(&world, &ledger, "A-1").await;
    charge(&world, &order).await;
    apply_event(&ledger, &order, lost()).await;
    let before = world.record("A-1").await;
    let (code, report) = report(&world, &["--dry-run"]);
    assert_eq!(code, 0);
    assert_fields!(report, { "found_charged": 1 });
    assert_fields!(report, { "preview.0.from": "uncertain", "preview.0.to": "completed" });
    assert_eq!(world.record("A-1").await, before);
    assert!(world.stream("{hp}:results").await.is_empty());
    assert!(world.stream("{hp}:reconcile:runs").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_queries_orders_of_dead_worker() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let order = claim_one(&ledger, ENDED_LEASE).await;
    charge(&world, &order).await;
    let (_, report) = report(&world, &["--dry-run"]);
    let preview = &report["preview"][0];
    assert_fields!(preview, { "from": "submitting", "to": "completed" });
    assert_eq!(world.record("A-1").await["state"], "submitting");
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_counts_planned_repairs() {
    let world = World::start();
    let ledger = world.ledger();
    let order = enqueue_and_claim(&world, &ledger, "untold").await;
    apply_event(&ledger, &order, gave_up()).await;
    let untold = ["HDEL", "{hp}:order:untold", "result"];
    world.redis.command::<u64>(&untold).await;
    for id in ["untold", "forgotten"] {
        let listed = ["ZADD", "{hp}:open", "1", id];
        world.redis.command::<u64>(&listed).await;
    }
    let figures = ["looked_at", "told_again", "repaired", "unknown"];
    let (code, dry) = report(&world, &["--dry-run"]);
    assert_eq!(figures.map(|name| &dry[name]), [1, 1, 2, 0], "{dry:#}");
    let (run_code, run) = report(&world, &["--once"]);
    assert_eq!(figures.map(|name| &run[name]), [1, 1, 2, 0], "{run:#}");
    assert_eq!((code, run_code), (0, 0));
}
