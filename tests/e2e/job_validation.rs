//! The protocol's rules for a job, tested with plain Redis commands.

use e2e::{World, assert_fields};

pub(crate) const GOOD: [(&str, &str); 3] =
    [("order_id", "A-1"), ("product_id", "2"), ("quantity", "1")];

/// A valid job with some fields replaced or added.
pub(crate) fn job<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = GOOD
        .into_iter()
        .filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    kept.chain(changes.iter().copied()).collect()
}

#[tokio::test]
async fn invalid_job_is_rejected_and_makes_no_order() {
    let world = World::start();
    let _worker = world.worker();
    let long = "x".repeat(4097);
    let trace = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
    let faults: [(&str, &str); 19] = [
        ("product_id", "0"),
        ("product_id", "-1"),
        ("product_id", "abc"),
        ("product_id", "2.0"),
        ("product_id", "02"),
        ("product_id", ""),
        ("product_id", "9007199254740992"),
        ("product_id", "99999999999999999999"),
        ("quantity", "0"),
        ("quantity", "10001"),
        ("quantity", "1e3"),
        ("quantity", " 1"),
        ("deadline", "tomorrow"),
        ("deadline", "-5"),
        ("meta", &long),
        ("reply_to", "elsewhere"),
        ("reply_to", "{hp}:results:no spaces"),
        ("traceparent", "garbage"),
        ("traceparent", trace),
    ];
    for (n, (field, value)) in faults.into_iter().enumerate() {
        let id = format!("A-{n}");
        world
            .enqueue_job(&job(&[("order_id", &id), (field, value)]))
            .await;
        let result = world.result(&id).await;
        assert_fields!(result, { "status": "rejected", "reason": "invalid_job" }, "{field}={value}");
        assert_fields!(result, { "source": "worker", "attempts": "0" });
        assert!(result["detail"].starts_with(field), "{}", result["detail"]);
        if field == "product_id" || field == "quantity" {
            assert_eq!(result[field], value, "not as sent");
        }
        assert!(
            world.record(&id).await.is_empty(),
            "an invalid job made an order"
        );
    }
    assert!(world.sandbox.ledger().charges.is_empty());
}

#[tokio::test]
async fn missing_field_rejects_job_and_frees_its_id() {
    let world = World::start();
    let _worker = world.worker();
    world
        .enqueue_job(&[("order_id", "A-1"), ("quantity", "1")])
        .await;
    let rejected = world.result("A-1").await;
    assert_fields!(rejected, { "reason": "invalid_job", "product_id": "" });
    world.enqueue_job(&GOOD).await;
    let results = world.results("A-1", 2).await;
    assert_eq!(
        (results[1]["status"].as_str(), results[1].get("replay_of")),
        ("completed", None)
    );
    assert_eq!(world.charge_count("A-1"), 1);
}

#[tokio::test]
async fn entry_without_usable_id_becomes_dead_letter() {
    let world = World::start();
    let _worker = world.worker();
    let long = "x".repeat(51);
    for id in ["", "has space", "tab\t", "é", &long] {
        let entry = world
            .enqueue_job(&[("order_id", id), ("product_id", "2"), ("note", "mine")])
            .await;
        let dead_letters = world.redis.wait_until("the entry", || async {
            world
                .stream("{hp}:rejected")
                .await
                .into_iter()
                .find(|dead_letters| dead_letters["entry_id"] == entry)
        });
        let dead_letters = dead_letters.await;
        assert_fields!(dead_letters, { "order_id": id, "note": "mine" });
        assert_eq!(dead_letters["reason"], "invalid_order_id");
    }
    let entry = world
        .enqueue_job(&[("product_id", "2"), ("quantity", "1")])
        .await;
    world
        .redis
        .wait_until("the entry without an id", || async {
            world
                .stream("{hp}:rejected")
                .await
                .into_iter()
                .find(|dead_letters| dead_letters["entry_id"] == entry)
        })
        .await;
    assert_eq!(world.redis.command::<u64>(&["XLEN", "{hp}:jobs"]).await, 0);
}

#[tokio::test]
async fn duplicate_field_rejects_job() {
    let world = World::start();
    let _worker = world.worker();
    world
        .enqueue_job(&[
            ("order_id", "A-1"),
            ("product_id", "2"),
            ("quantity", "1"),
            ("quantity", "9"),
        ])
        .await;
    assert_eq!(
        world.result("A-1").await["detail"],
        "quantity is given twice"
    );
    world
        .enqueue_job(&[
            ("order_id", "A-2"),
            ("order_id", "A-3"),
            ("product_id", "2"),
            ("quantity", "1"),
        ])
        .await;
    world
        .redis
        .wait_until("the entry", || async {
            world.stream("{hp}:rejected").await.pop()
        })
        .await;
    assert!(world.sandbox.ledger().charges.is_empty());
}

#[tokio::test]
async fn oversized_entry_does_not_stop_queue() {
    let world = World::start();
    let names: Vec<String> = (0..9000).map(|n| format!("f{n}")).collect();
    let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    world.enqueue_job(&fields).await;
    world.enqueue("A-1", 1).await;
    let _worker = world.worker();
    assert_eq!(world.result("A-1").await["status"], "completed");
    let rejected = world.stream("{hp}:rejected").await.remove(0);
    assert_fields!(rejected, { "reason": "too_many_fields", "f0": "x" });
}

#[tokio::test]
async fn unknown_fields_are_ignored_and_meta_is_returned() {
    let world = World::start();
    let _worker = world.worker();
    let meta = "{\"till\": 7, \"ö\": \"\\n\"}";
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    world
        .enqueue_job(&job(&[
            ("meta", meta),
            ("traceparent", trace),
            ("colour", "blue"),
        ]))
        .await;
    let result = world.result("A-1").await;
    assert_fields!(result, { "meta": meta, "traceparent": trace });
    assert_eq!(result["status"], "completed");
    assert!(!result.contains_key("colour"));
}

#[tokio::test]
async fn result_goes_to_reply_stream() {
    let world = World::start();
    let _worker = world.worker();
    world
        .enqueue_job(&job(&[("reply_to", "{hp}:results:till-7.a_b")]))
        .await;
    let results = world.results_in("{hp}:results:till-7.a_b", "A-1", 1).await;
    assert_eq!(results[0]["status"], "completed");
    world
        .enqueue_job(&job(&[
            ("order_id", "A-2"),
            ("quantity", "0"),
            ("reply_to", "{hp}:results:till-7.a_b"),
        ]))
        .await;
    let rejected = world.results_in("{hp}:results:till-7.a_b", "A-2", 1).await;
    assert_eq!(rejected[0]["reason"], "invalid_job");
    assert_eq!(
        world
            .redis
            .command::<u64>(&["EXISTS", "{hp}:results"])
            .await,
        0
    );
}

#[tokio::test]
async fn bad_reply_stream_is_answered_in_common_stream() {
    let world = World::start();
    world
        .redis
        .command::<()>(&["SET", "{hp}:results:mine", "a string"])
        .await;
    let _worker = world.worker();
    world
        .enqueue_job(&job(&[("reply_to", "{hp}:results:mine")]))
        .await;
    assert_eq!(
        world.result("A-1").await["detail"],
        "reply_to holds a string, not a stream"
    );
    assert!(world.sandbox.ledger().charges.is_empty());
}

#[tokio::test]
async fn extreme_values_are_accepted() {
    let world = World::start();
    let _worker = world.worker();
    let (id, meta) = ("~".repeat(50), "m".repeat(4096));
    world
        .enqueue_job(&job(&[
            ("order_id", &id),
            ("meta", &meta),
            ("deadline", "999999999999999"),
        ]))
        .await;
    let result = world.result(&id).await;
    assert_eq!(result["meta"].len(), 4096);
    assert_fields!(result, { "status": "completed" });

    world
        .enqueue_job(&job(&[("order_id", "!"), ("meta", "")]))
        .await;
    assert_eq!(world.result("!").await["status"], "completed");

    world
        .enqueue_job(&job(&[
            ("order_id", "A-2"),
            ("product_id", "9007199254740991"),
        ]))
        .await;
    assert_eq!(world.result("A-2").await["reason"], "unknown_product");
    world
        .enqueue_job(&job(&[("order_id", "A-3"), ("quantity", "10000")]))
        .await;
    assert_eq!(world.result("A-3").await["reason"], "quantity_over_limit");
}

#[tokio::test]
async fn product_list_rejects_order_without_call() {
    let world = World::start();
    let _worker = world.worker();
    for (id, product, quantity, reason, detail) in [
        (
            "A-1",
            "777",
            "1",
            "unknown_product",
            "HitPoints' product list has no product 777",
        ),
        (
            "A-2",
            "2",
            "500",
            "quantity_over_limit",
            "HitPoints sells fewer than 500 cards of product 2 in one order",
        ),
    ] {
        world
            .enqueue_job(&[
                ("order_id", id),
                ("product_id", product),
                ("quantity", quantity),
            ])
            .await;
        let result = world.result(id).await;
        assert_fields!(result, { "status": "rejected", "reason": reason, "detail": detail });
        assert_fields!(result, { "source": "worker", "attempts": "0" });
        assert!(!result.contains_key("code"), "HitPoints was called");
        assert_eq!(world.record(id).await["state"], "rejected");
        // A copy that is made from the record says the same.
        world
            .redis
            .command::<u64>(&["XDEL", "{hp}:results", &result["entry"]])
            .await;
        world
            .enqueue_job(&[
                ("order_id", id),
                ("product_id", product),
                ("quantity", quantity),
            ])
            .await;
        let copy = world.results(id, 1).await.remove(0);
        assert_fields!(copy, { "replay_of": result["entry"], "reason": reason, "detail": detail });
    }
}

#[tokio::test]
async fn custom_entry_ids_are_claimed_at_any_size() {
    let world = World::start();
    let entries = [
        "5-9007199254740993",
        "5-1152921504606847105",
        "5-1152921504606847106",
        "5-18446744073709551614",
    ];
    for (n, entry) in entries.into_iter().enumerate() {
        let id = format!("A-{n}");
        let words = [
            "XADD",
            "{hp}:jobs",
            entry,
            "order_id",
            &id,
            "product_id",
            "2",
            "quantity",
            "1",
        ];
        world.redis.command::<String>(&words).await;
    }
    let ledger = world.ledger();
    let week = std::time::Duration::from_hours(1);
    let first = ledger
        .claim_batch(2, week, hp_queue::FirstSource::Inbox)
        .await
        .unwrap();
    assert_eq!((first.claims.len(), first.more), (2, true));
    assert_eq!(
        world.redis.command::<u64>(&["XLEN", "{hp}:jobs"]).await,
        2,
        "the others stay"
    );
    let second = ledger
        .claim_batch(9, week, hp_queue::FirstSource::Inbox)
        .await
        .unwrap();
    assert_eq!((second.claims.len(), second.more), (2, false));
    assert_eq!(world.redis.command::<u64>(&["XLEN", "{hp}:jobs"]).await, 0);
    assert_eq!(
        world
            .redis
            .command::<u64>(&["ZCARD", "{hp}:schedule"])
            .await,
        4
    );
}

#[tokio::test]
async fn reply_stream_broken_later_loses_no_result() {
    let world = World::with_vendor(hp_sandbox::Options {
        latency: "1s".parse().unwrap(),
        ..hp_sandbox::Options::local()
    });
    let _worker = world.worker();
    world
        .enqueue_job(&job(&[("reply_to", "{hp}:results:mine")]))
        .await;
    world.wait_for_state("A-1", "submitting").await;
    world
        .redis
        .command::<()>(&["SET", "{hp}:results:mine", "a string"])
        .await;
    assert_eq!(world.result("A-1").await["status"], "completed");
    assert!(
        !world.record("A-1").await.contains_key("reply_to"),
        "the ledger names the stream of the result"
    );
}
