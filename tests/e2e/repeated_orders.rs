//! Orders that a shop enqueues again, and different orders with the same id.

use e2e::{World, assert_fields};

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
async fn replay_uses_own_meta_and_reply_stream() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    let again = [
        ("order_id", "A-1"),
        ("product_id", "2"),
        ("quantity", "1"),
        ("meta", "second try"),
        ("reply_to", "{hp}:results:till"),
    ];
    world.enqueue_job(&again).await;
    let replay = world
        .results_in("{hp}:results:till", "A-1", 1)
        .await
        .remove(0);
    assert_fields!(replay, { "meta": "second try", "status": "completed" });
    assert_eq!(world.results("A-1", 1).await.len(), 1);
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
async fn rebuilt_replay_uses_own_meta_and_reply_stream() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    let first = world.result("A-1").await;
    world
        .redis
        .command::<u64>(&["XDEL", "{hp}:results", &first["entry"]])
        .await;
    let own = [("meta", "again"), ("reply_to", "{hp}:results:till")];
    let same = [("order_id", "A-1"), ("product_id", "2"), ("quantity", "1")];
    world
        .enqueue_job(&[same.as_slice(), own.as_slice()].concat())
        .await;
    let again = world
        .results_in("{hp}:results:till", "A-1", 1)
        .await
        .remove(0);
    assert_fields!(again, { "meta": "again", "replay_of": first["entry"] });
    assert!(!world.record("A-1").await.contains_key("meta"));
}

#[tokio::test]
async fn simultaneous_replays_each_get_an_answer() {
    let world = World::start();
    let worker = world.worker();
    world.enqueue("A-1", 1).await;
    let first = world.result("A-1").await;
    drop(worker);
    world
        .redis
        .command::<u64>(&["XDEL", "{hp}:results", &first["entry"]])
        .await;
    let same = [("order_id", "A-1"), ("product_id", "2"), ("quantity", "1")];
    let tills = ["{hp}:results:till-1", "{hp}:results:till-2"];
    for till in tills {
        let own = [("meta", till), ("reply_to", till)];
        world
            .enqueue_job(&[same.as_slice(), own.as_slice()].concat())
            .await;
    }
    world.enqueue_job(&same).await;
    let _worker = world.worker();
    for till in tills {
        let answer = world.results_in(till, "A-1", 1).await.remove(0);
        assert_fields!(answer, { "meta": till, "replay_of": first["entry"] });
    }
    let answer = world.result("A-1").await;
    assert_eq!(answer["replay_of"], first["entry"]);
    assert!(!answer.contains_key("meta"));
    let nothing_waits = || async {
        (world
            .redis
            .command::<u64>(&["ZCARD", "{hp}:schedule"])
            .await
            == 0)
            .then_some(())
    };
    world
        .redis
        .wait_until("the order to rest", nothing_waits)
        .await;
    let left: u64 = world.redis.command(&["EXISTS", "{hp}:replays:A-1"]).await;
    assert_eq!((left, world.charge_count("A-1")), (0, 1));
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
async fn order_id_conflict_leaves_first_order_unchanged() {
    let world = World::start();
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    let first = world.result("A-1").await;
    world.enqueue("A-1", 2).await;
    let conflict = world.results("A-1", 2).await.remove(1);
    assert_fields!(conflict, { "status": "rejected", "reason": "order_id_conflict" });
    assert_fields!(conflict, { "quantity": "2", "replay_of": None::<&str> });
    assert_eq!(world.record("A-1").await["result"], first["entry"]);
    world.enqueue("A-1", 1).await;
    assert_eq!(
        world.results("A-1", 3).await[2]["replay_of"],
        first["entry"]
    );
    assert_eq!(world.charge_count("A-1"), 1);
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
