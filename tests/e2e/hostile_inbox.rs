//! Whatever a producer writes into the inbox: it gets an answer or becomes a dead letter, and harms no other order.

use e2e::{Entry, Redis, World, assert_fields};
use hp_queue::{ClaimBatch, FirstSource, Ledger, QueueError};

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one, gave_up},
    job_validation::{GOOD, job},
};

/// The fields of an entry.
type Job<'a> = &'a [(&'a str, &'a str)];

const MIB: usize = 1024 * 1024;
/// The largest answer and the largest dead letter, with their own fields.
const MOST_KEPT: usize = 40_000;

fn bytes(entry: &Entry) -> usize {
    entry
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum()
}

async fn length(world: &World, key: &str) -> u64 {
    world.redis.command(&["XLEN", key]).await
}

async fn claim(ledger: &Ledger) -> ClaimBatch {
    let claimed = ledger.claim_batch(64, LONG_LEASE, FirstSource::Inbox);
    claimed.await.unwrap()
}

/// Claims until the inbox is empty. Returns the ids of the claimed orders, and how many dead letters were dropped.
async fn claim_all(ledger: &Ledger) -> (Vec<String>, u64) {
    let (mut ids, mut dropped) = (Vec::new(), 0);
    loop {
        let batch = claim(ledger).await;
        ids.extend(batch.claims.iter().map(|claim| claim.id().to_string()));
        dropped += batch.dropped_letters;
        if !batch.more {
            return (ids, dropped);
        }
    }
}

/// How often Redis has done a command, within scripts as well.
async fn calls(world: &World, command: &str) -> u64 {
    let stats: String = world.redis.command(&["INFO", "commandstats"]).await;
    let start = format!("cmdstat_{command}:calls=");
    let line = stats.lines().find_map(|line| line.strip_prefix(&start));
    line.map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn order_id_may_look_like_anything() {
    let world = World::start();
    let _worker = world.worker();
    let ids = [
        "*",
        "?",
        "[a-z]",
        ":",
        "..",
        "../../etc/passwd",
        "%n%s%x",
        "%00",
        "\"",
        "'",
        "\\",
        "`id`",
        "$(id)",
        "-1",
        "+",
        "(",
        "{hp}:jobs",
        "{hp}:order:A-1",
        "{hp}",
        "}",
        "{",
        "<script>",
        "A-1;DROP",
        "null",
        "0",
        "A&b=c",
        "A#b",
        "=1+1",
        "^.*$",
        "%d+",
    ];
    for id in ids {
        world.enqueue_job(&job(&[("order_id", id)])).await;
    }
    for id in ids {
        assert_fields!(world.result(id).await, { "order_id": id, "status": "completed" });
        assert_eq!(world.charge_count(id), 1, "{id}");
        assert_eq!(world.record(id).await["state"], "completed", "{id}");
    }
    let foreign: Vec<String> = world.redis.command(&["KEYS", "*"]).await;
    assert!(
        foreign.iter().all(|key| key.starts_with("{hp}:")),
        "{foreign:?}"
    );
}

#[tokio::test]
async fn reply_stream_cannot_be_another_key() {
    let world = World::start();
    world
        .redis
        .command::<u64>(&["HSET", "{hp}:order:x", "state", "queued"])
        .await;
    world
        .redis
        .command::<u64>(&["SADD", "{hp}:results:set", "x"])
        .await;
    let _worker = world.worker();
    let long = format!("{{hp}}:results:{}", "x".repeat(4 * MIB));
    let streams = [
        "{hp}:order:x",
        "{hp}:order:A-0",
        "{hp}:schedule",
        "{hp}:open",
        "{hp}:jobs",
        "{hp}:rejected",
        "{hp}:queue",
        "{hp}:results",
        "{hp}:results:",
        "{hp}:results:../order:x",
        "{hp}:results:a:b",
        "{hp}:results:*",
        "{hp}:results:a\0",
        "{hp}:results:a\n",
        "{hp}:results:ä",
        " {hp}:results:a",
        "{other}:results:a",
        "hp:results:a",
        "",
        "{hp}:results:set",
        &long,
    ];
    for (n, stream) in streams.into_iter().enumerate() {
        let id = format!("A-{n}");
        world
            .enqueue_job(&job(&[("order_id", &id), ("reply_to", stream)]))
            .await;
        let result = world.result(&id).await;
        assert_fields!(result, { "status": "rejected", "reason": "invalid_job" }, "{stream:.40}");
        assert!(
            result["detail"].starts_with("reply_to "),
            "{}",
            result["detail"]
        );
        assert!(world.record(&id).await.is_empty(), "{stream:.40}");
    }
    let record = world.record("x").await;
    assert_eq!((record.len(), &*record["state"]), (1, "queued"));
}

#[tokio::test]
async fn large_value_is_rejected_with_a_small_answer() {
    let world = World::start();
    let ledger = world.ledger();
    let large = "9".repeat(4 * MIB);
    let names = [
        "product_id",
        "quantity",
        "deadline",
        "meta",
        "reply_to",
        "traceparent",
    ];
    for name in names {
        world
            .enqueue_job(&job(&[("order_id", name), (name, &large)]))
            .await;
    }
    world.enqueue("good", 1).await;
    assert_eq!(claim_all(&ledger).await, (vec!["good".to_owned()], 0));
    for name in names {
        let result = world.result(name).await;
        assert_fields!(result, { "status": "rejected", "reason": "invalid_job" }, "{name}");
        assert!(result["detail"].starts_with(name), "{}", result["detail"]);
        assert!(bytes(&result) < 1000, "{name}: {}", bytes(&result));
    }
    // Odd, but within the limits.
    let text = "ä".repeat(200);
    world
        .enqueue_job(&job(&[("order_id", "cut"), ("quantity", &text)]))
        .await;
    claim_all(&ledger).await;
    assert_eq!(world.result("cut").await["quantity"], "ä".repeat(127));
}

#[tokio::test]
async fn large_unknown_field_of_a_sound_job_is_ignored() {
    let world = World::start();
    let ledger = world.ledger();
    let large = "x".repeat(16 * MIB);
    world.enqueue_job(&job(&[(&large, "x")])).await;
    world
        .enqueue_job(&job(&[("order_id", "A-2"), ("note", &large)]))
        .await;
    let names: Vec<_> = (0..20_000).map(|n| format!("n{n}")).collect();
    let many = names.iter().map(|name| (name.as_str(), "x"));
    let many: Vec<_> = job(&[("order_id", "A-3")])
        .into_iter()
        .chain(many)
        .collect();
    world.enqueue_job(&many).await;
    let (ids, _) = claim_all(&ledger).await;
    assert_eq!(ids, ["A-1", "A-2", "A-3"]);
    let memory: usize = world
        .redis
        .command(&["MEMORY", "USAGE", "{hp}:order:A-1"])
        .await;
    assert!(memory < 10_000, "{memory}");
}

#[tokio::test]
async fn dead_letter_of_a_large_entry_is_cut() {
    let world = World::start();
    let ledger = world.ledger();
    let large = "x".repeat(4 * MIB);
    let names: Vec<_> = (0..5000).map(|n| format!("field-{n}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), "value")).collect();
    let huge_name = [(large.as_str(), "x"), ("product_id", "2")];
    let huge_id = job(&[("order_id", large.as_str())]);
    let entries: [(Job<'_>, &str, String); 4] = [
        (
            &huge_id,
            "too_large",
            format!("{} bytes in 3 fields", 4 * MIB + 8 + 11 + 9),
        ),
        (
            &huge_name,
            "too_large",
            format!("{} bytes in 2 fields", 4 * MIB + 1 + 11),
        ),
        (
            &[("a", &large[..20_000]); 3],
            "too_large",
            "60003 bytes in 3 fields".into(),
        ),
        (
            &many,
            "too_many_fields",
            "73890 bytes in 5000 fields".into(),
        ),
    ];
    for (entry, ..) in &entries {
        world.enqueue_job(entry).await;
    }
    claim_all(&ledger).await;
    let letters = world.stream("{hp}:rejected").await;
    for (letter, (_, reason, size)) in letters.iter().zip(&entries) {
        assert_eq!((&*letter["reason"], &letter["cut_from"]), (*reason, size));
        assert!(bytes(letter) < MOST_KEPT, "{}", bytes(letter));
    }
    assert_eq!(letters.len(), 4);
    assert_eq!(
        letters[1]["product_id"], "2",
        "what follows the large field is kept"
    );
    // A part of a job must not become a job.
    let values = [("order_id".to_owned(), "A-1".to_owned())];
    for letter in &letters {
        let requeued = world
            .control()
            .requeue_dead_letter(&letter["entry"], &values)
            .await;
        let fault = requeued.unwrap_err().to_string();
        assert!(fault.contains("not complete"), "{fault}");
    }
}

#[tokio::test]
async fn sound_job_with_a_slip_is_kept_whole() {
    let world = World::start();
    let ledger = world.ledger();
    let meta = "m".repeat(4096);
    world
        .enqueue_job(&job(&[("order_id", "two words"), ("meta", &meta)]))
        .await;
    claim_all(&ledger).await;
    let letter = world.stream("{hp}:rejected").await.remove(0);
    assert_fields!(letter, { "reason": "invalid_order_id", "meta": meta });
    let values = [("order_id".to_owned(), "A-1".to_owned())];
    world
        .control()
        .requeue_dead_letter(&letter["entry"], &values)
        .await
        .unwrap();
    assert_eq!(claim_all(&ledger).await.0, ["A-1"]);
}

#[tokio::test]
async fn dead_letters_are_bounded_by_bytes() {
    let world = World::start();
    let ledger = world.ledger();
    let value = "x".repeat(4000);
    let fields: Vec<_> = ["a", "b", "c", "d", "e", "f", "g"]
        .map(|name| (name, value.as_str()))
        .into();
    for _ in 0..1500 {
        world.enqueue_job(&fields).await;
    }
    let (_, dropped) = claim_all(&ledger).await;
    let left = length(&world, "{hp}:rejected").await;
    assert_eq!(left + dropped, 1500);
    let memory: u64 = world
        .redis
        .command(&["MEMORY", "USAGE", "{hp}:rejected", "SAMPLES", "0"])
        .await;
    assert!(
        (16 * MIB as u64..34 * MIB as u64).contains(&memory),
        "{memory}"
    );
}

#[tokio::test]
async fn dead_letters_are_bounded_by_number() {
    let world = World::start();
    let ledger = world.ledger();
    let fill = "for i = 1, 100005 do redis.call('XADD', KEYS[1], '*', 'n', i) end";
    world
        .redis
        .command::<()>(&["EVAL", fill, "1", "{hp}:rejected"])
        .await;
    world.enqueue_job(&[("order", "typo")]).await;
    let (_, dropped) = claim_all(&ledger).await;
    assert_eq!(dropped, 6);
    assert_eq!(length(&world, "{hp}:rejected").await, 100_000);
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
