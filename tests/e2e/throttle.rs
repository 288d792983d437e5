//! A front end of HitPoints asks to send less: HTTP 429 or 503 with `Retry-After`.

use e2e::{Worker, World, assert_fields};
use hp_sandbox::Options;
use serde_json::Value;

/// Waits until a front end has turned away a call.
async fn wait_for_throttle(world: &World) {
    let is_throttled = || async {
        let count: Option<u64> = world
            .redis
            .command(&["HGET", "{hp}:throttle", "count"])
            .await;
        count.map(drop)
    };
    world.redis.wait_until("a 429", is_throttled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_follows_a_front_end_with_a_limit() {
    let world = World::with_vendor(Options {
        front_end_rate: Some(5),
        ..Options::local()
    });
    let mut ids = Vec::new();
    for n in 0..20 {
        let id = format!("A-{n}");
        world.enqueue(&id, 1).await;
        ids.push(id);
    }
    let slow = [
        ("HP_RETRY__BASE", "1s"),
        ("HP_RETRY__MAX", "1m"),
        ("HP_RETRY__RESUBMIT_AFTER", "10m"),
    ];
    let workers = [world.worker_with(&slow), world.worker_with(&slow)];
    // The other one may find no orders left.
    tokio::select! {
        () = workers[0].wait_for_log("asks to send less") => {}
        () = workers[1].wait_for_log("asks to send less") => {}
    }
    for result in world.results_of_all(&ids).await {
        assert_eq!(result["status"], "completed", "{result:?}");
        assert_eq!(world.charge_count(&result["order_id"]), 1);
    }
    // Some of the first burst are turned away. After that the queue finds out how much it may send.
    let (calls, turned_away) = world.sandbox.calls();
    assert!(turned_away > 0, "{turned_away} of {calls} calls");
    let breaker: u64 = world
        .redis
        .command(&["HEXISTS", "{hp}:breaker", "until"])
        .await;
    assert_eq!(breaker, 0, "429 is no unreadable answer");
    let output = Worker::output(&["status", "--json"], &world.settings(&[]));
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(status["throttle"]["count"].as_u64() > Some(0), "{status:#}");
    assert!(status["throttle"]["interval"].is_u64(), "{status:#}");
}

#[tokio::test]
async fn throttled_fetch_is_queried_after_the_pause() {
    let world = World::start();
    let _worker = world.worker_with(&[("HP_RETRY__RESUBMIT_AFTER", "10m")]);
    // Charged, although the front end answered 503.
    world.enqueue("A-1~http-503-after", 1).await;
    // Not charged, and will not arrive: submitted again after a denial, without a wait for a delayed request.
    world.enqueue("A-2~http-429-before", 1).await;
    wait_for_throttle(&world).await;
    let charged = world.result("A-1~http-503-after").await;
    assert_fields!(charged, { "status": "completed", "source": "query", "attempts": "1" });
    let waited: u64 = charged["finished_at"].parse::<u64>().unwrap()
        - world.record("A-1~http-503-after").await["submitted_at"]
            .parse::<u64>()
            .unwrap();
    assert!(waited >= 1000, "queried after {waited} ms");
    let submitted = world.result("A-2~http-429-before").await;
    assert_fields!(submitted, { "status": "completed", "attempts": "2" });
    for id in ["A-1~http-503-after", "A-2~http-429-before"] {
        assert_eq!(world.charge_count(id), 1);
    }
}

#[tokio::test]
async fn throttle_stops_all_workers() {
    let world = World::start();
    let ledger = world.ledger();
    let control = world.control();
    control
        .slow_down(Some(std::time::Duration::from_secs(40)))
        .await
        .unwrap();
    world.enqueue("A-1", 1).await;
    let lease = crate::claims::LONG_LEASE;
    let first = hp_queue::FirstSource::Inbox;
    let batch = ledger.claim_batch(1, lease, first).await.unwrap();
    assert!(batch.claims.is_empty() && batch.throttled_until.is_some());
    assert!(batch.wait.unwrap() > std::time::Duration::from_secs(30));
    // No front end stops the queue for longer than five minutes, and no clock does.
    control
        .slow_down(Some(std::time::Duration::MAX))
        .await
        .unwrap();
    let batch = ledger.claim_batch(1, lease, first).await.unwrap();
    assert!(batch.wait.unwrap() <= std::time::Duration::from_mins(5));
    // A pause of a clock that was ahead begins later than now.
    let (later, end) = (world.now().await + 100_000, world.now().await + 101_000);
    let set = [
        "HSET",
        "{hp}:throttle",
        "since",
        &later.to_string(),
        "until",
        &end.to_string(),
    ];
    world.redis.command::<u64>(&set).await;
    world.redis.command::<u64>(&["DEL", "{hp}:rate"]).await;
    world.enqueue("A-2", 1).await;
    let batch = ledger.claim_batch(1, lease, first).await.unwrap();
    assert_eq!(batch.claims.len(), 1);
    for until in ["0", "99999999999999"] {
        let set = ["HSET", "{hp}:throttle", "until", until];
        world.redis.command::<u64>(&set).await;
        world.redis.command::<u64>(&["DEL", "{hp}:rate"]).await;
        world.enqueue(&format!("B-{until}"), 1).await;
        let batch = ledger.claim_batch(1, lease, first).await.unwrap();
        assert_eq!(batch.claims.len(), 1, "{until}");
    }
}
