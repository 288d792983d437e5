//! Whatever a producer writes into the inbox: it gets an answer or becomes a dead letter, and harms no other order.

use e2e::{Entry, World, assert_fields};
use hp_queue::{ClaimBatch, FirstSource, Ledger};

use crate::{claims::LONG_LEASE, job_validation::job};

/// The fields of an entry.
type Job<'a> = &'a [(&'a str, &'a str)];

pub(crate) const MIB: usize = 1024 * 1024;
/// The largest answer and the largest dead letter, with their own fields.
pub(crate) const MOST_KEPT: usize = 40_000;

pub(crate) fn bytes(entry: &Entry) -> usize {
    entry
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum()
}

pub(crate) async fn length(world: &World, key: &str) -> u64 {
    world.redis.command(&["XLEN", key]).await
}

pub(crate) async fn claim(ledger: &Ledger) -> ClaimBatch {
    let claimed = ledger.claim_batch(64, LONG_LEASE, FirstSource::Inbox);
    claimed.await.unwrap()
}

/// Claims until the inbox is empty. Returns the ids of the claimed orders, and how many dead letters were dropped.
pub(crate) async fn claim_all(ledger: &Ledger) -> (Vec<String>, u64) {
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
async fn groups_of_dead_letters_drop_none() {
    let world = World::start();
    let ledger = world.ledger();
    // What groups keep for delivered letters is larger than all letters may be, and stays after them.
    let fill = "
        for i = 1, 50000 do redis.call('XADD', KEYS[1], i .. '-1', 'order_id', 'two words') end
        for _, group in ipairs({ 'a', 'b' }) do
            redis.call('XGROUP', 'CREATE', KEYS[1], group, '0')
            redis.call('XREADGROUP', 'GROUP', group, 'x', 'COUNT', 50000, 'STREAMS', KEYS[1], '>')
        end
        redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[1])
        return redis.call('MEMORY', 'USAGE', KEYS[1], 'SAMPLES', 0)";
    for kept in ["0", "10"] {
        let script = ["EVAL", fill, "1", "{hp}:rejected", kept];
        let memory: usize = world.redis.command(&script).await;
        assert!(memory > 32 * MIB, "{memory}");
        world.enqueue_job(&[("order_id", "two words")]).await;
        assert_eq!(claim_all(&ledger).await, (Vec::new(), 0));
        let left = length(&world, "{hp}:rejected").await;
        assert_eq!(left, kept.parse::<u64>().unwrap() + 1);
        world.redis.command::<u64>(&["DEL", "{hp}:rejected"]).await;
    }
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
