use e2e::{Redis, World};
use hp_sandbox::Options;

use super::Scrape;

fn calls(script: &str) -> String {
    format!("hp_script_duration_seconds_count{{script=\"{script}\"}}")
}

fn orders(script: &str) -> String {
    format!("hp_script_batch_orders_sum{{script=\"{script}\"}}")
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_and_their_orders_are_counted() {
    let world = World::with_vendor(Options {
        latency: "1500ms".parse().unwrap(),
        ..Options::local()
    });
    let ids: Vec<_> = (0..20).map(|n| format!("A-{n}")).collect();
    for id in &ids {
        world.enqueue(id, 1).await;
    }
    let worker = world.worker();
    world.results_of_all(&ids).await;
    let has_settled = |scrape: &Scrape| scrape.count(&orders("settle")) >= 20;
    let scrape = Scrape::until(&worker, has_settled).await;
    for script in ["claim_batch", "settle"] {
        assert_eq!(scrape.count(&orders(script)), 20, "{script}");
        let batches = format!("hp_script_batch_orders_count{{script=\"{script}\"}}");
        let (batches, calls) = (scrape.count(&batches), scrape.count(&calls(script)));
        assert!(batches <= calls, "{batches} of {calls}");
        let took = format!("hp_script_duration_seconds_sum{{script=\"{script}\"}}");
        assert!(scrape.measure(&took) > 0.0, "{script}");
    }
    // A third of the lease is shorter than the latency.
    for script in [
        "renew",
        "join_queue",
        "report_alive",
        "publish_products",
        "report_watermark",
    ] {
        assert!(scrape.count(&calls(script)) > 0, "{script}");
    }
    assert_eq!(scrape.count(&calls("other")), 0);
    assert_eq!(scrape.count("hp_redis_reconnects_total"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn connection_after_a_restart_is_a_reconnect() {
    let mut world = World::start();
    let worker = world.worker();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    let reconnects = "hp_redis_reconnects_total";
    assert_eq!(Scrape::of(&worker).await.count(reconnects), 0);
    world.redis.crash_and_restart();
    world.enqueue("A-2", 1).await;
    assert_eq!(world.result("A-2").await["status"], "completed");
    Scrape::until(&worker, |scrape| scrape.count(reconnects) > 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn first_connection_is_no_reconnect() {
    let mut world = World::with_redis(Redis::single(), Options::local());
    world.redis.crash();
    let worker = world.worker();
    worker.wait_for_log("nothing listens at the address").await;
    world.redis.restart();
    world.enqueue("A-1", 1).await;
    world.result("A-1").await;
    let scrape = Scrape::of(&worker).await;
    assert_eq!(scrape.count("hp_redis_reconnects_total"), 0);
}
