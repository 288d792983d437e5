//! Orders that a shop enqueues again, and different orders with the same id.

use e2e::{World, assert_fields};
use hp_queue::{FirstSource, Ledger};

use crate::{
    claims::{ENDED_LEASE, LONG_LEASE, apply_event, claim_one, gave_up},
    job_validation::{GOOD, job},
};

/// Takes all entries from the inbox. Orders that are due stay due.
pub(crate) async fn take_inbox(ledger: &Ledger) {
    let take = || ledger.claim_batch(256, ENDED_LEASE, FirstSource::Inbox);
    while take().await.unwrap().more {}
}

/// Enqueues order A-1 with an entry id of the producer's choice.
async fn enqueue_as(world: &World, entry: &str) {
    let words = [
        "XADD",
        "{hp}:jobs",
        entry,
        "order_id",
        "A-1",
        "product_id",
        "2",
        "quantity",
        "1",
    ];
    world.redis.command::<String>(&words).await;
}

#[tokio::test]
async fn repeated_open_order_is_dropped() {
    let world = World::start();
    let mut first = world.worker();
    world.enqueue("A-1~timeout-before", 1).await;
    world
        .wait_for_state("A-1~timeout-before", "uncertain")
        .await;
    for _ in 0..5 {
        world.enqueue("A-1~timeout-before", 1).await;
    }
    let empty =
        || async { (world.redis.command::<u64>(&["XLEN", "{hp}:jobs"]).await == 0).then_some(()) };
    world
        .redis
        .wait_until("the repetitions are taken", empty)
        .await;
    assert_eq!(
        world.result("A-1~timeout-before").await["status"],
        "completed"
    );
    first.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(first.wait_for_exit().await.success());
    assert_eq!(world.results("A-1~timeout-before", 1).await.len(), 1);
    assert_eq!(world.charge_count("A-1~timeout-before"), 1);
}

#[tokio::test]
async fn repeated_ended_order_replays_its_result() {
    let world = World::start();
    let _worker = world.worker();
    let trials = [("A-1", "2", "completed"), ("A-2", "777", "rejected")];
    for (id, product, status) in trials {
        let fields = [
            ("order_id", id),
            ("product_id", product),
            ("quantity", "1"),
            ("meta", "m"),
        ];
        world.enqueue_job(&fields).await;
        let first = world.result(id).await;
        assert_eq!(first["status"], status);
        world.enqueue_job(&fields).await;
        let second = world.results(id, 2).await.remove(1);
        assert_eq!(second["replay_of"], first["entry"]);
        for (field, value) in first.iter().filter(|(field, _)| *field != "entry") {
            assert_eq!(&second[field], value, "{field} differs");
        }
        world.enqueue_job(&fields).await;
        assert_eq!(
            world.results(id, 3).await[2]["replay_of"],
            first["entry"],
            "not the first one's id"
        );
    }
    assert_eq!(
        (world.charge_count("A-1"), world.charge_count("A-2")),
        (1, 0)
    );
}

#[tokio::test]
async fn replay_goes_to_the_first_job_stream_only() {
    let world = World::start();
    let _worker = world.worker();
    let till = "{hp}:results:till";
    let first = job(&[("reply_to", till), ("meta", "first try")]);
    world.enqueue_job(&first).await;
    world.results_in(till, "A-1", 1).await;
    world.enqueue_job(&job(&[("meta", "second try")])).await;
    let replay = world.results_in(till, "A-1", 2).await.remove(1);
    assert_fields!(replay, { "meta": "second try", "status": "completed" });
    world.enqueue_job(&job(&[("meta", "")])).await;
    assert_eq!(world.results_in(till, "A-1", 3).await[2]["meta"], "");
    world.enqueue_job(&job(&[("reply_to", till)])).await;
    let replay = world.results_in(till, "A-1", 4).await.remove(3);
    assert_eq!(replay["meta"], "first try");
    assert!(world.stream("{hp}:results").await.is_empty());
}

#[tokio::test]
async fn replay_rebuilds_missing_result_from_record() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1", 2).await;
    let first = world.result("A-1").await;
    world
        .redis
        .command::<u64>(&["XDEL", "{hp}:results", &first["entry"]])
        .await;
    world.enqueue("A-1", 2).await;
    let again = world.result("A-1").await;
    assert_fields!(again, { "replay_of": first["entry"], "source": "query" });
    for field in [
        "pins",
        "hp_order_id",
        "total_price",
        "attempts",
        "accepted_at",
        "finished_at",
    ] {
        assert_eq!(again[field], first[field], "{field} differs");
    }
    assert_eq!(world.charge_count("A-1"), 1);
    assert_eq!(
        world.record("A-1").await["result"],
        first["entry"],
        "the first result stays the first"
    );
}

#[tokio::test]
async fn rebuilt_replay_keeps_stream_and_own_words() {
    let world = World::start();
    let _worker = world.worker();
    let till = "{hp}:results:till";
    world
        .enqueue_job(&job(&[("reply_to", till), ("meta", "first")]))
        .await;
    let first = world.results_in(till, "A-1", 1).await.remove(0);
    world
        .redis
        .command::<u64>(&["XDEL", till, &first["entry"]])
        .await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    world
        .enqueue_job(&job(&[("meta", "again"), ("traceparent", trace)]))
        .await;
    let again = world.results_in(till, "A-1", 1).await.remove(0);
    assert_fields!(again, { "meta": "again", "traceparent": trace, "replay_of": first["entry"] });
    assert_eq!(world.record("A-1").await["meta"], "first");
    assert!(world.stream("{hp}:results").await.is_empty());
}

#[tokio::test]
async fn waiting_replays_share_one_query() {
    let world = World::start();
    let worker = world.worker();
    world.enqueue("A-1", 1).await;
    let first = world.result("A-1").await;
    drop(worker);
    world
        .redis
        .command::<u64>(&["XDEL", "{hp}:results", &first["entry"]])
        .await;
    let metas: Vec<String> = (0..50).map(|n| format!("till {n}")).collect();
    for meta in &metas {
        world.enqueue_job(&job(&[("meta", meta)])).await;
    }
    world.enqueue_job(&GOOD).await;
    take_inbox(&world.ledger()).await;
    let before: u64 = world.record("A-1").await["claim"].parse().unwrap();
    let _worker = world.worker();
    let answers = world.results("A-1", 51).await;
    for (answer, meta) in answers.iter().zip(&metas) {
        assert_fields!(answer, { "meta": meta, "replay_of": first["entry"], "source": "query" });
        assert_eq!(answer["pins"], first["pins"]);
    }
    assert!(!answers[50].contains_key("meta"));
    let left: u64 = world.redis.command(&["EXISTS", "{hp}:replays:A-1"]).await;
    assert_eq!((left, world.charge_count("A-1")), (0, 1));
    let record = world.record("A-1").await;
    assert_fields!(record, { "claim": before + 1, "result": first["entry"] });
    let scheduled = world.redis.command::<u64>(&["ZCARD", "{hp}:schedule"]);
    assert_eq!(scheduled.await, 0, "the order rests");
}

#[tokio::test]
async fn repetition_before_the_end_is_dropped() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    for _ in 0..60 {
        world.enqueue("A-1", 1).await;
    }
    apply_event(&ledger, &claim, gave_up()).await;
    // These have the id and a fault, or ask after the end.
    world.enqueue("A-1", 2).await;
    world.enqueue_job(&job(&[("meta", "after the end")])).await;
    let _worker = world.worker_with(&[("HP_WORKER__CONCURRENCY", "1")]);
    let results = world.results("A-1", 3).await;
    assert_fields!(results[0], { "status": "failed", "replay_of": None::<&str> });
    assert_eq!(results[1]["status"], "conflict");
    assert_fields!(results[2], { "replay_of": results[0]["entry"], "meta": "after the end" });
    assert_eq!(world.redis.command::<u64>(&["XLEN", "{hp}:jobs"]).await, 0);
}

#[tokio::test]
async fn paused_repetitions_of_a_new_order_are_dropped() {
    let world = World::start();
    world.control().pause("a test", "a test").await.unwrap();
    for _ in 0..60 {
        world.enqueue("A-1", 1).await;
    }
    world.enqueue("B-1", 1).await;
    let _worker = world.worker_with(&[("HP_WORKER__CONCURRENCY", "1")]);
    world.control().resume("Ada").await.unwrap();
    world.result("B-1").await;
    assert_eq!(world.results("A-1", 1).await.len(), 1);
    assert_eq!(world.charge_count("A-1"), 1);
}

/// The id of the newest entry when the order ends, and the id of the next one.
const ENTRY_IDS: [(&str, &str); 5] = [
    // Floating-point numbers cannot tell these ids apart.
    (
        "9007199254740992-9007199254740992",
        "9007199254740992-9007199254740993",
    ),
    ("9007199254740992-1", "9007199254740993-0"),
    ("5-999999999999999999", "5-1000000000000000000"),
    ("99999-9", "100000-0"),
    (
        "18446744073709551614-18446744073709551614",
        "18446744073709551614-18446744073709551615",
    ),
];

#[tokio::test]
async fn replay_compares_entry_ids_by_their_digits() {
    for (at_end, after) in ENTRY_IDS {
        let world = World::start();
        let ledger = world.ledger();
        enqueue_as(&world, "1-1").await;
        let claim = claim_one(&ledger, LONG_LEASE).await;
        enqueue_as(&world, at_end).await;
        apply_event(&ledger, &claim, gave_up()).await;
        assert_eq!(world.record("A-1").await["newest_entry"], at_end);
        enqueue_as(&world, after).await;
        take_inbox(&ledger).await;
        let results = world.stream("{hp}:results").await;
        assert_eq!(results.len(), 2, "{at_end} and {after}");
        assert_eq!(results[1]["replay_of"], results[0]["entry"]);
    }
}

#[tokio::test]
async fn largest_entry_time_drops_no_later_repetition() {
    let world = World::start();
    let ledger = world.ledger();
    enqueue_as(&world, "1-1").await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    enqueue_as(&world, "18446744073709551615-0").await;
    apply_event(&ledger, &claim, gave_up()).await;
    assert!(!world.record("A-1").await.contains_key("newest_entry"));
    world.redis.command::<u64>(&["DEL", "{hp}:jobs"]).await;
    world.enqueue("A-1", 1).await;
    take_inbox(&ledger).await;
    let results = world.stream("{hp}:results").await;
    assert_eq!(results.last().unwrap()["replay_of"], results[0]["entry"]);
}

/// The inbox was emptied and lets its ids start again, because a producer has used the largest time.
async fn repair_inbox(world: &World, ledger: &Ledger) {
    enqueue_as(world, "18446744073709551615-0").await;
    take_inbox(ledger).await;
    ledger
        .report_watermark_of("till", LONG_LEASE)
        .await
        .unwrap();
    let exists: u64 = world.redis.command(&["EXISTS", "{hp}:jobs"]).await;
    assert_eq!(exists, 0);
}

#[tokio::test]
async fn far_future_entry_id_drops_no_later_repetition() {
    let far = [
        "18446744073709551614-0",
        "18446744073709551614-18446744073709551615",
        "9999999999999999-0",
        "9999999999999-5",
    ];
    for at_end in far {
        let world = World::start();
        let ledger = world.ledger();
        let replays = async || world.stream("{hp}:results").await.len() - 1;
        enqueue_as(&world, "1-1").await;
        let claim = claim_one(&ledger, LONG_LEASE).await;
        enqueue_as(&world, at_end).await;
        apply_event(&ledger, &claim, gave_up()).await;
        take_inbox(&ledger).await;
        assert_eq!(replays().await, 0, "{at_end} was enqueued before the end");
        // The ids go on after it. The one that leads to the repair is a repetition, too.
        let last = at_end.ends_with("-18446744073709551615");
        if !last {
            world.enqueue("A-1", 1).await;
            take_inbox(&ledger).await;
            assert_eq!(replays().await, 1, "{at_end}");
        }
        repair_inbox(&world, &ledger).await;
        let before = replays().await;
        for n in 1..=2 {
            world.enqueue("A-1", 1).await;
            take_inbox(&ledger).await;
            assert_eq!(replays().await, before + n, "{at_end}, after the repair");
        }
    }
}

#[tokio::test]
async fn replay_of_another_order_result_is_not_published() {
    let world = World::start();
    let worker = world.worker();
    for id in ["A-1", "B-1"] {
        world.enqueue(id, 1).await;
        world.result(id).await;
    }
    drop(worker);
    // A Redis that lost writes may have given the same entry id twice.
    let other = world.result("B-1").await["entry"].clone();
    let words = ["HSET", "{hp}:order:A-1", "result", &other];
    world.redis.command::<u64>(&words).await;
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    let replay = world.results("A-1", 2).await.remove(1);
    assert_fields!(replay, { "status": "completed", "source": "query" });
    assert_eq!(world.results("B-1", 1).await.len(), 1);
}

#[tokio::test]
async fn replay_rebuilds_failed_result_from_ledger() {
    let world = World::start();
    let _worker = world.worker();
    let fields = [
        ("order_id", "A-1"),
        ("product_id", "777"),
        ("quantity", "1"),
    ];
    world.enqueue_job(&fields).await;
    let first = world.result("A-1").await;
    world
        .redis
        .command::<u64>(&["XDEL", "{hp}:results", &first["entry"]])
        .await;
    world.enqueue_job(&fields).await;
    let again = world.result("A-1").await;
    assert_eq!(again["replay_of"], first["entry"]);
    for field in ["status", "reason", "source", "attempts", "finished_at"] {
        assert_eq!(again[field], first[field], "{field} differs");
    }
}

#[tokio::test]
async fn simultaneous_repeats_make_one_order() {
    let world = World::start();
    for _ in 0..20 {
        world.enqueue("A-1", 1).await;
    }
    let _workers = [world.worker(), world.worker()];
    let results = world.results("A-1", 1).await;
    assert!(!results[0].contains_key("replay_of"));
    assert_eq!(world.charge_count("A-1"), 1);
}
