//! Large entries of the inbox, and floods: a call reads little of them, and other orders go on.

use e2e::{Redis, World, assert_fields};
use hp_queue::{FirstSource, QueueError};

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one, gave_up},
    hostile_inbox::{MIB, MOST_KEPT, bytes, claim, claim_all, length},
    job_validation::{GOOD, job},
};

/// How often Redis has done a command, within scripts as well.
async fn calls(world: &World, command: &str) -> u64 {
    let stats: String = world.redis.command(&["INFO", "commandstats"]).await;
    let start = format!("cmdstat_{command}:calls=");
    let line = stats.lines().find_map(|line| line.strip_prefix(&start));
    line.map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn one_call_reads_one_large_entry() {
    let world = World::start();
    let ledger = world.ledger();
    let large = "x".repeat(32 * MIB);
    for n in 0..4 {
        world.enqueue_job(&[("note", large.as_str())]).await;
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    let mut ids = Vec::new();
    for n in 0..4 {
        let (before, reads) = (
            length(&world, "{hp}:rejected").await,
            calls(&world, "xrange").await,
        );
        let batch = claim(&ledger).await;
        ids.extend(batch.claims.iter().map(|claim| claim.id().to_string()));
        assert_eq!(length(&world, "{hp}:rejected").await - before, 1, "{n}");
        assert!(calls(&world, "xrange").await - reads <= 2, "{n}");
        assert!(batch.more);
    }
    ids.extend(claim_all(&ledger).await.0);
    assert_eq!(ids, ["A-0", "A-1", "A-2", "A-3"]);
    // The entries were counted neither as lost nor twice.
    world.enqueue("A-9", 1).await;
    let batch = claim(&ledger).await;
    assert_eq!((batch.claims.len(), batch.lost), (1, 0));
}

#[tokio::test]
async fn settling_does_not_read_the_newest_entry() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let order = claim_one(&ledger, LONG_LEASE).await;
    // A repetition before the end, and one after it.
    world.enqueue("A-1", 1).await;
    let newest = world.enqueue_job(&[("note", &"x".repeat(32 * MIB))]).await;
    let (infos, reads) = (
        calls(&world, "xinfo|stream").await,
        calls(&world, "xrevrange").await,
    );
    apply_event(&ledger, &order, gave_up()).await;
    assert_eq!(calls(&world, "xinfo|stream").await, infos);
    assert_eq!(calls(&world, "xrevrange").await, reads);
    assert_eq!(world.record("A-1").await["newest_entry"], newest);
    let groups: Vec<redis::Value> = world.redis.command(&["XINFO", "GROUPS", "{hp}:jobs"]).await;
    assert!(groups.is_empty(), "{groups:?}");
    world.enqueue("A-1", 1).await;
    claim_all(&ledger).await;
    let results = world.stream("{hp}:results").await;
    assert_eq!(results.len(), 2, "the repetition before the end is dropped");
    assert!(results[1].contains_key("replay_of"));
}

#[tokio::test]
async fn new_epoch_does_not_read_the_newest_entry() {
    let mut world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    claim(&ledger).await;
    let newest = world.enqueue_job(&[("note", &"x".repeat(32 * MIB))]).await;
    world.redis.crash_and_restart();
    claim(&world.ledger()).await;
    let boundary: String = world
        .redis
        .command(&["HGET", "{hp}:epoch", "boundary"])
        .await;
    assert_eq!(boundary, newest);
    assert_eq!(calls(&world, "xrevrange").await, 0);
    assert_eq!(calls(&world, "xinfo|stream").await, 0);
}

#[tokio::test]
async fn heartbeat_does_not_read_a_large_entry() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue_job(&[("note", &"x".repeat(32 * MIB))]).await;
    let time = std::time::Duration::from_secs(5);
    ledger.report_watermark_of("till", time).await.unwrap();
    assert_eq!(calls(&world, "xinfo|stream").await, 0);
    assert_eq!(calls(&world, "xrevrange").await, 0);
}

#[tokio::test]
async fn first_entry_of_a_queue_may_be_large() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue_job(&[("note", &"x".repeat(5 * MIB))]).await;
    for id in ["A-1", "A-2"] {
        world.enqueue(id, 1).await;
    }
    let mut lost = 0;
    for _ in 0..3 {
        lost += claim(&ledger).await.lost;
    }
    assert_eq!(length(&world, "{hp}:rejected").await, 1);
    assert_eq!(
        (lost, world.inspector().status().await.unwrap().lost),
        (0, 0)
    );
    // What is deleted afterwards is lost.
    let entry = world.enqueue("A-3", 1).await;
    world
        .redis
        .command::<u64>(&["XDEL", "{hp}:jobs", &entry])
        .await;
    assert_eq!(claim(&ledger).await.lost, 1);
}

#[tokio::test]
async fn status_does_not_read_a_large_entry() {
    let world = World::start();
    world.enqueue_job(&[("note", &"x".repeat(32 * MIB))]).await;
    let infos = calls(&world, "xinfo|stream").await;
    let status = world.inspector().status().await.unwrap();
    assert_eq!((status.new, status.lost), (1, 0));
    assert_eq!(calls(&world, "xinfo|stream").await, infos);
}

#[tokio::test]
async fn entry_of_half_a_gigabyte_costs_one_read() {
    let world = World::start();
    let ledger = world.ledger();
    // What Redis accepts at most.
    let largest = "x".repeat(512 * MIB);
    world
        .enqueue_job(&[("order_id", "two words"), ("note", &largest)])
        .await;
    drop(largest);
    world.enqueue("A-1", 1).await;
    let mut claims = 0;
    let ids = loop {
        claims += 1;
        // The read of such an entry may take longer than a caller waits.
        let claimed = ledger.claim_batch(64, LONG_LEASE, FirstSource::Inbox).await;
        match claimed {
            Ok(batch) if !batch.more => break batch.claims,
            Ok(batch) => assert!(batch.claims.is_empty(), "the large entry is taken alone"),
            Err(error) => assert!(matches!(error, QueueError::Unreachable(_)), "{error}"),
        }
    };
    assert_eq!(ids[0].id().as_str(), "A-1");
    assert!(calls(&world, "xrange").await <= claims);
    let letter = world.stream("{hp}:rejected").await.remove(0);
    assert_fields!(letter, { "order_id": "two words", "reason": "too_large" });
    assert!(bytes(&letter) < MOST_KEPT);
    let lua: String = world.redis.command(&["INFO", "memory"]).await;
    let lua = lua
        .lines()
        .find_map(|line| line.strip_prefix("used_memory_lua:"));
    let lua: usize = lua.unwrap().parse().unwrap();
    assert!(lua < 4 * MIB, "Lua keeps {lua} bytes");
}

#[tokio::test]
async fn flood_of_malformed_entries_harms_no_order() {
    let world = World::start();
    let ledger = world.ledger();
    // An open order, whose worker has died.
    world.enqueue("open", 1).await;
    claim_one(&ledger, std::time::Duration::ZERO).await;
    let mut flood = redis::pipe();
    for n in 0..5000 {
        let name = ["order", "order_id", ""][n % 3];
        flood
            .xadd("{hp}:jobs", "*", &[(name, "a\0b"), ("product_id", "-1")])
            .ignore();
    }
    flood
        .query_async::<()>(&mut world.redis.connection().await)
        .await
        .unwrap();
    for n in 0..20 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    let _worker = world.worker();
    for id in (0..20).map(|n| format!("A-{n}")) {
        assert_eq!(world.result(&id).await["status"], "completed");
        assert_eq!(world.charge_count(&id), 1);
    }
    assert_eq!(length(&world, "{hp}:rejected").await, 5000);
    assert_eq!(length(&world, "{hp}:jobs").await, 0);
    // Its outcome is unknown, so it is queried meanwhile.
    let queried = || async {
        let record = world.record("open").await;
        (record["state"] == "uncertain" && record["checks"] != "0").then_some(())
    };
    world.redis.wait_until("a query", queried).await;
}

#[tokio::test]
async fn flood_of_one_id_is_one_charge() {
    let world = World::start();
    let mut flood = redis::pipe();
    for n in 0..2000 {
        let quantity = if n % 2 == 0 { "1" } else { "x" };
        flood
            .xadd("{hp}:jobs", "*", &job(&[("quantity", quantity)]))
            .ignore();
    }
    flood
        .query_async::<()>(&mut world.redis.connection().await)
        .await
        .unwrap();
    world.enqueue("A-2", 1).await;
    let _worker = world.worker();
    assert_eq!(world.result("A-2").await["status"], "completed");
    assert_eq!(world.result(GOOD[0].1).await["order_id"], "A-1");
    assert_eq!(world.charge_count("A-1"), 1);
    world.wait_for_state("A-1", "completed").await;
    let results = world.stream("{hp}:results").await;
    let conflicts = results
        .iter()
        .filter(|result| result["status"] == "conflict");
    assert_eq!(conflicts.count(), 1000);
}

#[tokio::test]
async fn deployed_redis_takes_the_largest_order_only() {
    let folder = env!("CARGO_MANIFEST_DIR");
    let settings =
        format!("--include {folder}/../deploy/redis/redis.conf --notify-keyspace-events KA");
    let redis = Redis::single_with(&settings);
    let world = World::with_redis(redis, hp_sandbox::Options::local());
    let settings = [
        ("HP_API__TIMEOUT", "1m"),
        ("HP_RETRY__RESUBMIT_AFTER", "5m"),
        ("HP_RETRY__GIVE_UP_AFTER", "24h"),
    ];
    let _worker = world.worker_with(&settings);
    // Ten thousand cards, the most of one order.
    world
        .enqueue_job(&job(&[("product_id", "9"), ("quantity", "10000")]))
        .await;
    let result = world.result("A-1").await;
    assert_fields!(result, { "status": "completed", "pin_count": "10000" });
    let mut connection = world.redis.connection().await;
    let too_large = "x".repeat(64 * MIB + 1);
    let mut add = redis::cmd("XADD");
    add.arg(&["{hp}:jobs", "*", "note", &too_large]);
    let refused = add.query_async::<String>(&mut connection).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(length(&world, "{hp}:jobs").await, 0);
}
