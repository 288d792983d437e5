//! The same order again, and another order under the same id.

use e2e::World;

#[tokio::test]
async fn a_repetition_of_an_open_order_is_dropped() {
    let world = World::start();
    let mut first = world.worker();
    world.order("A-1~timeout-before", 1).await;
    world.in_state("A-1~timeout-before", "uncertain").await;
    for _ in 0..5 {
        world.order("A-1~timeout-before", 1).await;
    }
    let empty =
        || async { (world.redis.run::<u64>(&["XLEN", "{hp}:jobs"]).await == 0).then_some(()) };
    world.redis.until("the repetitions are taken", empty).await;
    assert_eq!(
        world.result("A-1~timeout-before").await["status"],
        "completed"
    );
    first.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(first.ended().await.success());
    assert_eq!(world.results("A-1~timeout-before", 1).await.len(), 1);
    assert_eq!(world.charged("A-1~timeout-before"), 1);
}

#[tokio::test]
async fn a_repetition_of_an_ended_order_publishes_its_result_once_more_marked_as_such() {
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
        world.put(&fields).await;
        let first = world.result(id).await;
        assert_eq!(first["status"], status);
        world.put(&fields).await;
        let second = world.results(id, 2).await.remove(1);
        assert_eq!(second["replay_of"], first["entry"]);
        for (field, value) in first.iter().filter(|(field, _)| *field != "entry") {
            assert_eq!(&second[field], value, "{field} differs");
        }
        world.put(&fields).await;
        assert_eq!(
            world.results(id, 3).await[2]["replay_of"],
            first["entry"],
            "not the first one's id"
        );
    }
    assert_eq!((world.charged("A-1"), world.charged("A-2")), (1, 0));
}

#[tokio::test]
async fn a_repetition_is_answered_with_its_own_meta_and_where_it_asks() {
    let world = World::start();
    let _worker = world.worker();
    world.order("A-1", 1).await;
    world.result("A-1").await;
    let again = [
        ("order_id", "A-1"),
        ("product_id", "2"),
        ("quantity", "1"),
        ("meta", "second try"),
        ("reply_to", "{hp}:results:till"),
    ];
    world.put(&again).await;
    let replay = world
        .results_in("{hp}:results:till", "A-1", 1)
        .await
        .remove(0);
    assert_eq!(
        (replay["meta"].as_str(), replay["status"].as_str()),
        ("second try", "completed")
    );
    assert_eq!(world.results("A-1", 1).await.len(), 1);
}

#[tokio::test]
async fn a_repetition_whose_result_is_gone_is_told_from_hitpoints_record() {
    let world = World::start();
    let _worker = world.worker();
    world.order("A-1", 2).await;
    let first = world.result("A-1").await;
    world
        .redis
        .run::<u64>(&["XDEL", "{hp}:results", &first["entry"]])
        .await;
    world.order("A-1", 2).await;
    let again = world.result("A-1").await;
    assert_eq!(
        (again["replay_of"].as_str(), again["source"].as_str()),
        (first["entry"].as_str(), "query")
    );
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
    assert_eq!(world.charged("A-1"), 1);
    assert_eq!(
        world.record("A-1").await["result"],
        first["entry"],
        "the first result stays the first"
    );
}

#[tokio::test]
async fn a_repetition_whose_result_is_gone_is_answered_with_its_own_words_too() {
    let world = World::start();
    let _worker = world.worker();
    world.order("A-1", 1).await;
    let first = world.result("A-1").await;
    world
        .redis
        .run::<u64>(&["XDEL", "{hp}:results", &first["entry"]])
        .await;
    let own = [("meta", "again"), ("reply_to", "{hp}:results:till")];
    let same = [("order_id", "A-1"), ("product_id", "2"), ("quantity", "1")];
    world.put(&[same.as_slice(), own.as_slice()].concat()).await;
    let again = world
        .results_in("{hp}:results:till", "A-1", 1)
        .await
        .remove(0);
    assert_eq!(
        (again["meta"].as_str(), again["replay_of"].as_str()),
        ("again", first["entry"].as_str())
    );
    assert!(!world.record("A-1").await.contains_key("meta"));
}

#[tokio::test]
async fn of_repetitions_that_come_together_while_the_result_is_gone_each_gets_its_own_answer() {
    let world = World::start();
    let worker = world.worker();
    world.order("A-1", 1).await;
    let first = world.result("A-1").await;
    drop(worker);
    world
        .redis
        .run::<u64>(&["XDEL", "{hp}:results", &first["entry"]])
        .await;
    let same = [("order_id", "A-1"), ("product_id", "2"), ("quantity", "1")];
    let tills = ["{hp}:results:till-1", "{hp}:results:till-2"];
    for till in tills {
        let own = [("meta", till), ("reply_to", till)];
        world.put(&[same.as_slice(), own.as_slice()].concat()).await;
    }
    world.put(&same).await;
    let _worker = world.worker();
    for till in tills {
        let answer = world.results_in(till, "A-1", 1).await.remove(0);
        assert_eq!(
            (answer["meta"].as_str(), answer["replay_of"].as_str()),
            (till, first["entry"].as_str())
        );
    }
    let answer = world.result("A-1").await;
    assert_eq!(answer["replay_of"], first["entry"]);
    assert!(!answer.contains_key("meta"));
    let nothing_waits =
        || async { (world.redis.run::<u64>(&["ZCARD", "{hp}:schedule"]).await == 0).then_some(()) };
    world.redis.until("the order to rest", nothing_waits).await;
    let left: u64 = world.redis.run(&["EXISTS", "{hp}:replays:A-1"]).await;
    assert_eq!((left, world.charged("A-1")), (0, 1));
}

#[tokio::test]
async fn a_repetition_of_a_failed_order_whose_result_is_gone_is_told_from_the_ledger() {
    let world = World::start();
    let _worker = world.worker();
    let fields = [
        ("order_id", "A-1"),
        ("product_id", "777"),
        ("quantity", "1"),
    ];
    world.put(&fields).await;
    let first = world.result("A-1").await;
    world
        .redis
        .run::<u64>(&["XDEL", "{hp}:results", &first["entry"]])
        .await;
    world.put(&fields).await;
    let again = world.result("A-1").await;
    assert_eq!(again["replay_of"], first["entry"]);
    for field in ["status", "reason", "source", "attempts", "finished_at"] {
        assert_eq!(again[field], first[field], "{field} differs");
    }
}

#[tokio::test]
async fn another_order_under_the_same_id_is_rejected_and_the_first_is_left_as_it_is() {
    let world = World::start();
    let _worker = world.worker();
    world.order("A-1", 1).await;
    let first = world.result("A-1").await;
    world.order("A-1", 2).await;
    let conflict = world.results("A-1", 2).await.remove(1);
    assert_eq!(
        (conflict["status"].as_str(), conflict["reason"].as_str()),
        ("rejected", "order_id_conflict")
    );
    assert_eq!(
        (conflict["quantity"].as_str(), conflict.get("replay_of")),
        ("2", None)
    );
    assert_eq!(world.record("A-1").await["result"], first["entry"]);
    world.order("A-1", 1).await;
    assert_eq!(
        world.results("A-1", 3).await[2]["replay_of"],
        first["entry"]
    );
    assert_eq!(world.charged("A-1"), 1);
}

#[tokio::test]
async fn repetitions_that_come_together_make_one_order() {
    let world = World::start();
    for _ in 0..20 {
        world.order("A-1", 1).await;
    }
    let _workers = [world.worker(), world.worker()];
    let results = world.results("A-1", 1).await;
    assert!(!results[0].contains_key("replay_of"));
    assert_eq!(world.charged("A-1"), 1);
}
