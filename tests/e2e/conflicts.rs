//! Entries with the id of an order that are no repetition of its job.

use e2e::{Entry, Protection, Redis, World, assert_fields, password_of};
use hp_sandbox::Options;
use redis::AsyncCommands;

use crate::{
    claims::{LONG_LEASE, apply_event, claim_one, gave_up},
    enqueue_command::shop,
    job_validation::{GOOD, job},
};

const OWN: &str = "{hp}:results:own";
const OTHER: &str = "{hp}:results:other";

#[tokio::test]
async fn conflict_leaves_first_order_unchanged() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    let first = world.result("A-1").await;
    let before = world.record("A-1").await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let words = [("quantity", "2"), ("meta", "mine"), ("traceparent", trace)];
    world.enqueue_job(&job(&words)).await;
    let conflict = world.results("A-1", 2).await.remove(1);
    assert_fields!(conflict, { "status": "conflict", "reason": "order_id_conflict" });
    assert_fields!(conflict, { "quantity": "2", "product_id": "2", "meta": "mine", "traceparent": trace });
    assert_fields!(conflict, { "source": "worker", "attempts": 0, "replay_of": None::<&str> });
    assert_eq!(conflict["accepted_at"], conflict["finished_at"]);
    assert_eq!(world.record("A-1").await, before);
    world.enqueue("A-1", 1).await;
    let replay = world.results("A-1", 3).await.remove(2);
    assert_eq!(replay["replay_of"], first["entry"]);
    assert_eq!(world.charge_count("A-1"), 1);
}

/// Changes of a job that make it another one. Each answer must be the same, so that it reveals nothing.
const CHANGES: [&[(&str, &str)]; 5] = [
    &[("product_id", "5")],
    &[("quantity", "2")],
    &[("reply_to", OTHER)],
    &[("product_id", "5"), ("quantity", "2")],
    &[("product_id", "5"), ("quantity", "2"), ("reply_to", OTHER)],
];

#[tokio::test]
async fn conflict_reveals_nothing_and_ends_nothing() {
    for first_stream in [None, Some(OWN)] {
        let world = World::start();
        let ledger = world.ledger();
        let own: Vec<_> = first_stream
            .map(|own| ("reply_to", own))
            .into_iter()
            .collect();
        world.enqueue_job(&job(&own)).await;
        let claim = claim_one(&ledger, LONG_LEASE).await;
        let (mut details, mut answers) = (Vec::new(), Vec::new());
        for changes in CHANGES {
            let to = changes.iter().find(|(name, _)| *name == "reply_to");
            let stream = to.map_or("{hp}:results", |(_, to)| *to);
            let entries = world.stream(stream).await.len();
            world.enqueue_job(&job(changes)).await;
            crate::repeated_orders::take_inbox(&ledger).await;
            let answer = world.stream(stream).await.remove(entries);
            assert_fields!(answer, { "status": "conflict", "reason": "order_id_conflict" }, "{changes:?}");
            details.push(answer["detail"].clone());
            answers.push(answer);
        }
        details.dedup();
        assert_eq!(details.len(), 1, "the detail depends on the order");
        assert_eq!(world.record("A-1").await["state"], "submitting");
        apply_event(&ledger, &claim, gave_up()).await;
        let results = world.stream(first_stream.unwrap_or("{hp}:results")).await;
        assert_eq!(results.last().unwrap()["status"], "failed");
    }
}

#[tokio::test]
async fn malformed_repetition_is_a_conflict() {
    let world = World::start();
    let ledger = world.ledger();
    let broken = "{hp}:results:broken";
    let set = ["SET", broken, "a string"];
    world.redis.command::<()>(&set).await;
    world.enqueue("A-1", 1).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    let long = "x".repeat(4097);
    let faults: [(&str, &str); 8] = [
        ("quantity", "0"),
        ("product_id", ""),
        ("deadline", "1795890000"),
        ("meta", &long),
        ("traceparent", "garbage"),
        ("reply_to", "elsewhere"),
        ("reply_to", broken),
        ("product_id", "\u{fffd}"),
    ];
    for is_ended in [false, true] {
        for (field, value) in faults {
            let entries = world.stream("{hp}:results").await.len();
            world.enqueue_job(&job(&[(field, value)])).await;
            crate::repeated_orders::take_inbox(&ledger).await;
            let answer = world.stream("{hp}:results").await.remove(entries);
            assert_fields!(answer, { "status": "conflict", "reason": "invalid_repetition" }, "{field}={value}");
            assert!(answer["detail"].starts_with(field), "{}", answer["detail"]);
        }
        let twice = [&GOOD[..], &[("quantity", "1"), ("reply_to", OWN)]].concat();
        world.enqueue_job(&twice).await;
        crate::repeated_orders::take_inbox(&ledger).await;
        let answer = world.stream(OWN).await.pop().unwrap();
        assert_eq!(answer["detail"], "quantity is given twice");
        if !is_ended {
            apply_event(&ledger, &claim, gave_up()).await;
        }
    }
    assert_eq!(world.stream(OWN).await.len(), 2);
    assert_eq!(world.record("A-1").await["state"], "failed");
}

#[tokio::test]
async fn reply_to_given_twice_is_answered_in_common_stream() {
    let world = World::start();
    let _worker = world.worker();
    let streams = [
        ("reply_to", OWN),
        ("reply_to", OTHER),
        ("meta", "a"),
        ("meta", "b"),
    ];
    world.enqueue_job(&[&GOOD[..], &streams].concat()).await;
    assert_fields!(world.result("A-1").await, { "status": "rejected", "detail": "reply_to is given twice" });
    let ids = [("order_id", "A-3"), ("quantity", "1"), ("quantity", "1")];
    let entry = world.enqueue_job(&[&GOOD[..], &ids].concat()).await;
    let letter = world.redis.wait_until("a dead letter", || async {
        world.stream("{hp}:rejected").await.pop()
    });
    assert_fields!(letter.await, { "entry_id": entry, "reason": "invalid_order_id" });
}

#[tokio::test]
async fn requeued_dead_letter_can_be_a_repetition() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    let first = world.result("A-1").await;
    let trials = [
        ("1", "completed", Some(&first["entry"])),
        ("2", "conflict", None),
    ];
    for (n, (quantity, status, replay_of)) in trials.into_iter().enumerate() {
        let entry = [
            ("order_id", "A 1"),
            ("product_id", "2"),
            ("quantity", quantity),
        ];
        world.enqueue_job(&entry).await;
        let letter = world.redis.wait_until("a dead letter", || async {
            world.stream("{hp}:rejected").await.pop()
        });
        let letter = letter.await["entry"].clone();
        let words = ["rejected", "requeue", &letter, "--set", "order_id=A-1"];
        let (code, _, stderr) = shop(&world, &words);
        assert_eq!(code, 0, "{stderr}");
        let answer = world.results("A-1", 2 + n).await.remove(1 + n);
        assert_fields!(answer, { "status": status, "replay_of": replay_of });
    }
}

#[tokio::test]
async fn answer_with_odd_bytes_can_be_read() {
    let world = World::start();
    let _worker = world.worker();
    let mut connection = world.redis.connection().await;
    let mut enqueue = async |fields: &[(&str, &[u8])]| {
        let entry: String = connection.xadd("{hp}:jobs", "*", fields).await.unwrap();
        entry
    };
    let id: (&str, &[u8]) = ("order_id", b"A-1");
    let product: (&str, &[u8]) = ("product_id", b"2");
    let odd: &[u8] = b"\xd3\xe0";
    enqueue(&[id, product, ("quantity", b"1"), ("meta", odd)]).await;
    wait_for_entries(&world, 1).await;
    enqueue(&[id, product, ("quantity", b"1"), ("meta", b"\xff")]).await;
    enqueue(&[id, product, ("quantity", odd), ("traceparent", odd)]).await;
    enqueue(&[
        ("order_id", b"A-2"),
        ("product_id", odd),
        ("quantity", b"1"),
    ])
    .await;
    wait_for_entries(&world, 4).await;
    let (code, stdout, stderr) = shop(&world, &["results", "--json"]);
    assert_eq!((code, &*stderr), (0, ""));
    let statuses: Vec<_> = stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["status"].clone())
        .collect();
    assert_eq!(statuses, ["completed", "completed", "conflict", "rejected"]);
    let metas: Vec<(String, std::collections::HashMap<String, Vec<u8>>)> = world
        .redis
        .command(&["XRANGE", "{hp}:results", "-", "+"])
        .await;
    assert_eq!(
        (&metas[0].1["meta"][..], &metas[1].1["meta"][..]),
        (odd, &b"\xff"[..])
    );
}

async fn wait_for_entries(world: &World, n: u64) {
    let seen = || async {
        let len: u64 = world.redis.command(&["XLEN", "{hp}:results"]).await;
        (len == n).then_some(())
    };
    world.redis.wait_until("results", seen).await;
}

#[tokio::test]
async fn replay_is_published_nowhere_else() {
    let world = World::start();
    let worker = world.worker();
    world.enqueue_job(&job(&[("reply_to", OWN)])).await;
    world.results_in(OWN, "A-1", 1).await;
    let commands: [&[&str]; 2] = [
        &["RENAME", OWN, "{hp}:results:kept"],
        &["SET", OWN, "a string"],
    ];
    for words in commands {
        world.redis.command::<()>(words).await;
    }
    world.enqueue_job(&job(&[("meta", "again")])).await;
    let answer = world.result("A-1").await;
    assert_fields!(answer, { "status": "conflict", "reason": "invalid_repetition", "meta": "again" });
    assert!(answer["detail"].contains("published nowhere else"));
    // The result has left the stream, and the stream breaks before the copy is there.
    drop(worker);
    world.redis.command::<u64>(&["DEL", OWN]).await;
    world.enqueue_job(&job(&[("meta", "later")])).await;
    crate::repeated_orders::take_inbox(&world.ledger()).await;
    world.redis.command::<()>(&["SET", OWN, "a string"]).await;
    let _worker = world.worker();
    let answer = world.results("A-1", 2).await.remove(1);
    assert_fields!(answer, { "status": "conflict", "reason": "invalid_repetition", "meta": "later" });
    assert!(!answer.contains_key("pins"));
    let left: u64 = world.redis.command(&["EXISTS", "{hp}:replays:A-1"]).await;
    assert_eq!(left, 0);
}

#[tokio::test]
async fn repetition_with_a_broken_stream_is_none_later() {
    let world = World::start();
    let ledger = world.ledger();
    world.enqueue_job(&job(&[("reply_to", OWN)])).await;
    let claim = claim_one(&ledger, LONG_LEASE).await;
    world.redis.command::<()>(&["SET", OWN, "a string"]).await;
    apply_event(&ledger, &claim, gave_up()).await;
    world.redis.command::<u64>(&["DEL", OWN]).await;
    world.enqueue_job(&job(&[("reply_to", OWN)])).await;
    world.enqueue_job(&job(&[("reply_to", OTHER)])).await;
    crate::repeated_orders::take_inbox(&ledger).await;
    let results = world.stream("{hp}:results").await;
    assert_eq!(results.len(), 2, "the result, and its replay");
    assert_eq!(results[1]["replay_of"], results[0]["entry"]);
    assert_eq!(world.stream(OTHER).await[0]["status"], "conflict");
}

/// Two shops that enqueue orders and read their own results, each with the rights of the roles `producer` and `shop-1`.
async fn add_shops(world: &World) {
    let file = include_str!("../../deploy/redis/users.acl");
    let rights = |user: &str| {
        let line = file.lines().find_map(|line| {
            let rights = line.strip_prefix(&format!("user {user} on #"))?;
            rights.split_once(' ')
        });
        line.unwrap().1
    };
    for shop in ["shop-1", "shop-2"] {
        let (producer, consumer) = (rights("producer"), rights("shop-1"));
        let consumer = consumer.replace("shop-1", shop);
        let consumer = consumer.replace("resetchannels ", "");
        let user = format!("ACL SETUSER {shop} reset on >{}", password_of(shop));
        let mut words: Vec<&str> = user.split(' ').chain(producer.split(' ')).collect();
        let selector = format!("({consumer})");
        words.push(&selector);
        world.redis.command::<()>(&words).await;
    }
}

async fn connection_of(world: &World, user: &str) -> redis::aio::MultiplexedConnection {
    let (password, address) = (password_of(user), world.redis.server().address());
    let url = format!("redis://{user}:{password}@{address}");
    let client = redis::Client::open(url).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

const SHOP_1: &str = "{hp}:results:shop-1";
const SHOP_2: &str = "{hp}:results:shop-2";

/// What the other shop guesses of the order, which is two cards of product 2.
const GUESSES: [(&str, &str); 3] = [("2", "2"), ("2", "3"), ("5", "2")];

/// The other shop uses the id of the order in all ways. Returns the number of answers that it must get.
async fn attack(world: &World, id: &str) -> usize {
    let mut shop = connection_of(world, "shop-2").await;
    let mut sent = 0;
    for (product, quantity) in GUESSES {
        for meta in [None, Some("mine")] {
            for reply_to in [Some(SHOP_2), None] {
                let mut fields = vec![
                    ("order_id", id),
                    ("product_id", product),
                    ("quantity", quantity),
                ];
                fields.extend(reply_to.map(|to| ("reply_to", to)));
                fields.extend(meta.map(|meta| ("meta", meta)));
                let _: String = shop.xadd("{hp}:jobs", "*", &fields).await.unwrap();
                sent += usize::from(reply_to.is_some());
            }
        }
    }
    sent
}

#[tokio::test]
async fn other_shop_gets_nothing_of_an_order() {
    let world = World::with_redis(Redis::protected(Protection::USERS), Options::local());
    add_shops(&world).await;
    let worker = || world.worker();
    let mut running = Some(worker());
    let (id, mut answers) = ("A-1~timeout-before", 0);
    let mut owner = connection_of(&world, "shop-1").await;
    let first = [
        ("order_id", id),
        ("product_id", "2"),
        ("quantity", "2"),
        ("reply_to", SHOP_1),
        ("meta", "of shop 1"),
    ];
    let _: String = owner.xadd("{hp}:jobs", "*", &first).await.unwrap();
    world.wait_for_state(id, "uncertain").await;
    answers += attack(&world, id).await;
    world.results_in(SHOP_2, id, answers).await;
    let result = world.results_in(SHOP_1, id, 1).await.remove(0);
    assert_eq!(result["status"], "completed");
    answers += attack(&world, id).await;
    world.results_in(SHOP_2, id, answers).await;
    // The result leaves its stream while repetitions wait for it.
    drop(running.take());
    world.redis.command::<u64>(&["DEL", SHOP_1]).await;
    answers += attack(&world, id).await;
    running = Some(worker());
    let given = world.results_in(SHOP_2, id, answers).await;
    let copies = world.results_in(SHOP_1, id, 2).await;
    drop(running);
    assert_eq!(given.len(), answers);
    for answer in &given {
        assert_says_nothing(answer, &result);
    }
    assert!(
        copies.iter().all(|copy| copy["status"] == "completed"),
        "{copies:?}"
    );
    assert_eq!(world.charge_count(id), 1);
    let mut spy = connection_of(&world, "shop-2").await;
    for key in [
        SHOP_1,
        "{hp}:results",
        "{hp}:jobs",
        "{hp}:order:A-1~timeout-before",
    ] {
        let refused = spy.xread::<_, _, redis::Value>(&[key], &["0"]).await;
        assert_eq!(refused.unwrap_err().code(), Some("NOPERM"), "{key}");
    }
    let own: redis::Value = spy.xread(&[SHOP_2], &["0"]).await.unwrap();
    assert_ne!(own, redis::Value::Nil);
}

/// The answer has nothing of the order, whatever the other shop guessed.
fn assert_says_nothing(answer: &Entry, result: &Entry) {
    assert_fields!(answer, { "status": "conflict", "reason": "order_id_conflict", "attempts": 0 });
    let names = [
        "entry",
        "order_id",
        "product_id",
        "quantity",
        "status",
        "reason",
        "detail",
    ];
    let others = ["source", "attempts", "accepted_at", "finished_at", "meta"];
    let is_known =
        |name: &&String| !names.contains(&name.as_str()) && !others.contains(&name.as_str());
    assert_eq!(answer.keys().filter(is_known).count(), 0, "{answer:?}");
    assert!(answer.get("meta").is_none_or(|meta| meta == "mine"));
    let detail =
        "another job has used this order_id before, with another product_id, quantity or reply_to";
    assert_eq!(answer["detail"], detail);
    assert_ne!(answer["accepted_at"], result["accepted_at"]);
}
