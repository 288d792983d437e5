//! `worker status`.

use e2e::{World, assert_fields};

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one},
    operator_commands::{run_command, run_json, three_orders},
    reconcile::lost,
};

#[tokio::test(flavor = "multi_thread")]
async fn status_shows_states_workers_pause_and_runs() {
    let world = World::start();
    three_orders(&world).await;
    let (code, text) = run_command(&world, &["status"]);
    assert_eq!(code, 1, "no worker is alive: {text}");
    assert!(text.contains("2: 1 queued, 1 uncertain"), "{text}");
    assert!(text.contains("\noldest    waiting, "), "{text}");
    let mut worker = world.worker();
    let ran = || async {
        let status = run_json(&world, &["status"]);
        let has_run = status["last_run"].get("finished_at").is_some();
        (has_run && status["workers"].as_object().unwrap().len() == 1).then_some(status)
    };
    let status = world
        .redis
        .wait_until("a run, and a sign of life", ran)
        .await;
    assert_fields!(status, { "open": 2, "new": 0 });
    assert_eq!(run_command(&world, &["pause", "--why", "stocktaking"]).0, 0);
    assert_eq!(
        run_command(&world, &["pause", "--why", "again"]).0,
        1,
        "the first reason stands"
    );
    let (code, text) = run_command(&world, &["status"]);
    assert_eq!(code, 1);
    assert!(text.contains("stocktaking"), "{text}");
    assert_eq!(run_command(&world, &["resume"]).0, 0);
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.wait_for_exit().await;
    let workers = run_json(&world, &["status"])["workers"].clone();
    assert_eq!(
        workers,
        serde_json::json!({}),
        "still listed after shutdown"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn status_of_very_many_orders_reads_no_records() {
    let world = World::start();
    let fill = "for n = 1, 10001 do
        redis.call('ZADD', KEYS[1], n, 'A-' .. n)
        redis.call('ZADD', KEYS[2], n <= 2 and '+inf' or n, 'A-' .. n)
        if n <= 5 then redis.call('SADD', KEYS[3] .. (n <= 2 and 'review' or 'waiting'), 'A-' .. n) end
    end";
    let fill = [
        "EVAL",
        fill,
        "3",
        "{hp}:open",
        "{hp}:schedule",
        "{hp}:state:",
    ];
    world.redis.command::<()>(&fill).await;
    let (_, text) = run_command(&world, &["status"]);
    assert!(
        text.contains("10001: 2 review, 9996 submitting, 3 waiting"),
        "{text}"
    );
    let status = run_json(&world, &["status"]);
    assert_fields!(status, { "open": 10_001, "review": 2 });
}

#[tokio::test(flavor = "multi_thread")]
async fn status_counts_orders_that_need_review() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, lost()).await;
    let corrupt = ["HSET", "{hp}:order:A-1", "checks", "many"];
    world.redis.command::<u64>(&corrupt).await;
    let (code, _) = crate::reconcile::report(&world, &["--once"]);
    assert_eq!(code, 1);
    let (_, status) = run_command(&world, &["status"]);
    assert!(status.contains("1 of them needed review"), "{status}");
    assert!(
        status.contains("1 ledger record cannot be read"),
        "{status}"
    );
    let last = &run_json(&world, &["status"])["last_run"];
    let left = (&last["unreadable"], &last["needs_a_person"][0]);
    assert_eq!(left, (&1.into(), &"A-1".into()), "{last:#}");
}
