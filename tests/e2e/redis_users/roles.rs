//! What each role must be able to do, done with real commands and real programs.

use std::collections::BTreeMap;

use e2e::{Entry, World, assert_fields};
use hp_order::Event;
use nix::sys::signal::Signal;
use redis::Value;

use super::{connection_of, refusals, run, run_as, succeed_as, world};
use crate::{
    claims::{LONG_LEASE, apply_event, claim_one, end_as_refused},
    reconcile::lost,
};

#[tokio::test(flavor = "multi_thread")]
async fn producer_enqueues_and_reads_products() {
    let world = world();
    let _worker = world.worker();
    world
        .redis
        .wait_until("the product list", || async {
            let products: u64 = world.redis.command(&["HLEN", "{hp}:products"]).await;
            (products > 0).then_some(())
        })
        .await;
    let mut producer = connection_of(&world, "producer").await;
    let product: String = run(&mut producer, "HGET {hp}:products 2").await.unwrap();
    assert!(product.contains("par_value"), "{product}");
    run::<Value>(&mut producer, "HGETALL {hp}:products")
        .await
        .unwrap();
    let add = "XADD {hp}:jobs * order_id A-2 product_id 2 quantity 1";
    run::<String>(&mut producer, add).await.unwrap();
    run::<u64>(&mut producer, "WAIT 0 0").await.unwrap();
    succeed_as(&world, "producer", &e2e::ENQUEUE);
    for id in ["A-1", "A-2"] {
        assert_fields!(world.result(id).await, { "status": "completed" });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn consumer_reads_acknowledges_and_takes_over() {
    let world = world();
    let _worker = world.worker();
    for (user, stream, own) in [
        ("consumer", "{hp}:results", &[][..]),
        ("shop-1", "{hp}:results:shop-1", &["--reply-to", "shop-1"]),
    ] {
        let mut consumer = connection_of(&world, user).await;
        let create = format!("XGROUP CREATE {stream} till 0 MKSTREAM");
        run::<()>(&mut consumer, &create).await.unwrap();
        let order = [&["enqueue", "--product-id", "2", "--quantity", "1"], own].concat();
        succeed_as(
            &world,
            "operator",
            &[&order[..], &["--order-id", user]].concat(),
        );
        let read = format!("XREADGROUP GROUP till me COUNT 1 BLOCK 0 STREAMS {stream} >");
        let results: Value = run(&mut consumer, &read).await.unwrap();
        assert!(format!("{results:?}").contains("pin_key"), "{results:?}");
        let take_over = format!("XAUTOCLAIM {stream} till other 0 0-0");
        let (_, entries): (String, Vec<(String, Value)>) = {
            let (next, entries, _): (String, Vec<(String, Value)>, Value) =
                run(&mut consumer, &take_over).await.unwrap();
            (next, entries)
        };
        let acknowledge = format!("XACK {stream} till {}", entries[0].0);
        assert_eq!(run::<u64>(&mut consumer, &acknowledge).await.unwrap(), 1);
        let watch = format!("XREAD COUNT 1 STREAMS {stream} 0");
        run::<Value>(&mut consumer, &watch).await.unwrap();
        for group in [&[][..], &["--group", "office", "--consumer", "me"]] {
            let words = [&["results", "--show-pins", "--json"], group, own].concat();
            let text = succeed_as(&world, user, &words);
            assert!(text.contains("pin_key"), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_needs_no_other_right() {
    let world = world();
    let mut worker = world.worker_with(&[
        ("HP_RECONCILE__SCHEDULE", "* * * * * *"),
        ("HP_RECONCILE__STUCK_AFTER", "1ms"),
        ("HP_WORKER__RATE", "1000"),
    ]);
    let reply_to = ("reply_to", "{hp}:results:shop-1");
    let job = [("order_id", "A-1"), ("product_id", "2"), ("quantity", "1")];
    world.enqueue_job(&[&job[..], &[reply_to]].concat()).await;
    let first = world.results_in(reply_to.1, "A-1", 1).await;
    assert_fields!(first[0], { "status": "completed" });
    // A repetition, a conflict, a dead letter, a result that Redis has lost, and a lost answer.
    world.enqueue_job(&[&job[..], &[reply_to]].concat()).await;
    world.results_in(reply_to.1, "A-1", 2).await;
    let other = [("order_id", "A-1"), ("product_id", "2"), ("quantity", "2")];
    world.enqueue_job(&other).await;
    assert_fields!(world.result("A-1").await, { "status": "conflict" });
    world.enqueue_job(&[("order_id", "")]).await;
    world.redis.command::<u64>(&["DEL", reply_to.1]).await;
    world.enqueue_job(&[&job[..], &[reply_to]].concat()).await;
    world.results_in(reply_to.1, "A-1", 1).await;
    world.enqueue("A-2~timeout-after", 1).await;
    world.result("A-2~timeout-after").await;
    world
        .redis
        .wait_until("a reconciliation run", || async {
            let runs: u64 = world.redis.command(&["XLEN", "{hp}:reconcile:runs"]).await;
            (runs > 0).then_some(())
        })
        .await;
    worker.signal(Signal::SIGTERM);
    assert!(worker.wait_for_exit().await.success(), "{}", worker.log());
    assert_eq!(refusals(&world, "worker").await, [].into());
    assert!(!worker.log().contains("NOPERM"), "{}", worker.log());
}

/// An order in doubt, one in review, a failed one, a completed one and a dead letter.
async fn all_kinds(world: &World) {
    {
        let _worker = world.worker();
        world.enqueue("completed", 1).await;
        world.result("completed").await;
        world.enqueue_job(&[("order_id", "")]).await;
        world
            .redis
            .wait_until("a dead letter", || async {
                let letters: u64 = world.redis.command(&["XLEN", "{hp}:rejected"]).await;
                (letters > 0).then_some(())
            })
            .await;
    }
    let ledger = world.ledger();
    for (id, event) in [
        ("waiting", Event::BalanceHeld(LONG_LEASE)),
        ("doubtful", lost()),
    ] {
        world.enqueue(id, 1).await;
        apply_event(&ledger, &claim_one(&ledger, LONG_LEASE).await, event).await;
    }
    world.enqueue("failed", 1).await;
    end_as_refused(&ledger).await;
}

async fn dead_letter(world: &World) -> String {
    world.stream("{hp}:rejected").await[0]["entry"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_runs_every_command() {
    let world = world();
    all_kinds(&world).await;
    let letter = dead_letter(&world).await;
    let set = "order_id=requeued";
    for words in [
        &["status"][..],
        &["orders"],
        &["orders", "--state", "failed"],
        &["order", "completed"],
        &["events"],
        &["account", "show"],
        &["products"],
        &["record", "completed"],
        &["results", "--show-pins"],
        &["pause", "--why", "a test"],
        &["resume"],
        &["doctor"],
        &["rejected", "list"],
        &["retry", "waiting", "--why", "a test"],
        &["republish", "completed", "--why", "a test"],
        &["republish", "failed", "--why", "a test"],
        &[
            "rejected",
            "requeue",
            &letter,
            "--set",
            set,
            "--set",
            "product_id=2",
            "--set",
            "quantity=1",
        ],
    ] {
        succeed_as(&world, "operator", words);
    }
    // Their exit codes tell what they found.
    for words in [
        &["reconcile", "--once"][..],
        &["reconcile", "--order", "doubtful", "--dry-run"],
        &["reconcile", "--audit", "--since", "1h"],
        &[
            "resolve",
            "doubtful",
            "--as",
            "not-charged",
            "--why",
            "a test",
        ],
        &["account", "switch", "--why", "a test"],
        &["rejected", "discard", &letter],
    ] {
        let (_, text) = run_as(&world, "operator", words);
        assert!(
            !text.contains("NOPERM") && !text.contains("may not"),
            "{text}"
        );
    }
    assert_eq!(refusals(&world, "operator").await, [].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn observer_runs_every_command_that_reads() {
    let world = world();
    all_kinds(&world).await;
    for words in [
        &["status"][..],
        &["status", "--json"],
        &["orders"],
        &["orders", "--state", "failed"],
        &["order", "completed"],
        &["order", "doubtful", "--json"],
        &["events"],
        &["account", "show"],
        &["rejected", "list"],
        &["doctor"],
    ] {
        let text = succeed_as(&world, "observer", words);
        let charges = world.sandbox.ledger().charges;
        let cards = charges.iter().flat_map(|charge| &charge.cards);
        assert!(cards.clone().count() > 0);
        for card in cards {
            assert!(!text.contains(&card.pin_key), "{words:?}: {text}");
        }
    }
    // The commands look whether Redis accepts writes, and doctor looks at its configuration.
    let expected = ["config|get", "set"].map(str::to_owned);
    assert_eq!(refusals(&world, "observer").await, expected.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_degrades_without_rights() {
    let world = world();
    let (code, text) = run_as(&world, "observer", &["doctor"]);
    assert_eq!(code, Some(0), "{text}");
    for words in [
        "this Redis user may only read",
        "as the Redis user of the worker",
    ] {
        assert!(text.contains(words), "no `{words}` in {text}");
    }
    for user in ["producer", "consumer"] {
        let (code, text) = run_as(&world, user, &["doctor"]);
        assert_eq!(code, Some(1), "{text}");
        for words in ["INFO is refused", "deploy/redis/users.acl", "credentials"] {
            assert!(text.contains(words), "no `{words}` in {text}");
        }
    }
    // What only warns an observer keeps a worker from starting.
    let (code, text) = run_as(&world, "observer", &["run"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("deploy/redis/users.acl"), "{text}");
}

/// The content of every hash, set, sorted set and stream that does not expire by itself.
async fn content(world: &World) -> BTreeMap<String, Vec<String>> {
    let keys: Vec<String> = world.redis.command(&["KEYS", "*"]).await;
    let mut content = BTreeMap::new();
    for key in keys {
        let expires: i64 = world.redis.command(&["PTTL", &key]).await;
        // It may be gone already.
        if expires != -1 {
            continue;
        }
        let kind: String = world.redis.command(&["TYPE", &key]).await;
        let mut values: Vec<String> = match kind.as_str() {
            "hash" => world.redis.command(&["HGETALL", &key]).await,
            "set" => world.redis.command(&["SMEMBERS", &key]).await,
            "zset" => {
                let words = ["ZRANGE", &key, "0", "-1", "WITHSCORES"];
                world.redis.command(&words).await
            }
            _ => {
                let entries = world.stream(&key).await.into_iter();
                let entry = |entry: Entry| format!("{:?}", BTreeMap::from_iter(entry));
                entries.map(entry).collect()
            }
        };
        values.sort();
        content.insert(key, values);
    }
    content
}

// Redis and Valkey load the append-only file with the rights of the user `default`, also if that user is off.
#[tokio::test(flavor = "multi_thread")]
async fn restart_with_users_forgets_nothing() {
    let mut world = world();
    all_kinds(&world).await;
    let before = content(&world).await;
    assert!(before.contains_key("{hp}:results"), "{before:?}");
    world.redis.crash_and_restart();
    assert_eq!(content(&world).await, before);
}
