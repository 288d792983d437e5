//! The queue moves to another server, or its server becomes read-only: the worker follows without a restart.
//!
//! Changes to the servers block the test's thread, so the vendor runs on another thread while orders are processed.

use e2e::{Redis, Worker, World};
use hp_queue::Wait;
use hp_sandbox::{Duplicate, Options};
use nix::sys::signal::Signal;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A slow vendor that recognises repeated ids.
fn vendor() -> Options {
    Options {
        latency: "300ms".parse().unwrap(),
        duplicate: Duplicate::Exists,
        ..Options::local()
    }
}

const ORDERS: usize = 30;

fn id(n: usize) -> String {
    format!("A-{n}")
}

/// Starts a world with a worker that is processing its orders.
async fn start_purchases(redis: Redis) -> (World, Worker) {
    let world = World::with_redis(redis, vendor());
    let worker = world.worker_with(&[("HP_WORKER__CONCURRENCY", "4")]);
    for n in 0..ORDERS {
        world.enqueue(&id(n), 1).await;
    }
    world.wait_for_state(&id(5), "completed").await;
    (world, worker)
}

async fn assert_all_bought_once(world: &World) {
    let ids: Vec<_> = (0..ORDERS).map(id).collect();
    for result in world.results_of_all(&ids).await {
        assert_eq!(result["status"], "completed", "{result:?}");
        assert_eq!(world.charge_count(&result["order_id"]), 1, "{result:?}");
    }
    assert_eq!(world.redis.command::<u64>(&["ZCARD", "{hp}:open"]).await, 0);
}

async fn assert_failover_is_followed(redis: Redis, signal: Signal) {
    let (mut world, _worker) = start_purchases(redis).await;
    world.redis.replicated().await;
    world.redis.fail_over(signal);
    assert_all_bought_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn worker_follows_sentinel_when_master_crashes() {
    assert_failover_is_followed(Redis::sentinel(), Signal::SIGKILL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn worker_follows_sentinel_when_master_stalls() {
    assert_failover_is_followed(Redis::sentinel(), Signal::SIGSTOP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn worker_follows_cluster_when_master_crashes() {
    assert_failover_is_followed(Redis::cluster_with_replica(), Signal::SIGKILL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn worker_follows_cluster_when_master_stalls() {
    assert_failover_is_followed(Redis::cluster_with_replica(), Signal::SIGSTOP).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn worker_follows_slot_to_another_node() {
    let (mut world, _worker) = start_purchases(Redis::cluster()).await;
    world.redis.move_slot();
    assert_all_bought_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn worker_waits_for_node_of_its_slot() {
    let (mut world, _worker) = start_purchases(Redis::cluster()).await;
    world.redis.crash_and_restart();
    assert_all_bought_once(&world).await;
}

#[tokio::test]
async fn replica_is_reported_and_used_once_promoted() {
    let master = World::with_redis(Redis::single(), vendor());
    let mut replica = Redis::replica_of(master.redis.server());
    let settings = [("HP_REDIS__URL", replica.url())];
    let settings = settings.each_ref().map(|(name, url)| (*name, url.as_str()));
    let early = master.worker_with(&settings);
    early.wait_for_log("read only replica").await;

    // A worker that runs already waits for the end of the demotion.
    replica.command::<()>(&["REPLICAOF", "NO", "ONE"]).await;
    let worker = master.worker_with(&settings);
    worker.wait_for_log("product list fetched").await;
    let port = master.redis.server().port().to_string();
    replica
        .command::<()>(&["REPLICAOF", "127.0.0.1", &port])
        .await;
    worker.wait_for_log("read only replica").await;
    master.enqueue("A-1", 1).await;
    master.redis.replicated().await;
    assert_eq!(master.charge_count("A-1"), 0);

    replica.promote();
    let world = World {
        redis: replica,
        sandbox: master.sandbox,
    };
    assert_eq!(world.result("A-1").await["status"], "completed");
    assert_eq!(world.charge_count("A-1"), 1);
}

/// Starts a proxy with a fixed address for changing servers. Open connections stay with their server.
async fn fixed_address(server: watch::Receiver<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let server = server.borrow().clone();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(server).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn demoted_server_is_left_for_new_master() {
    let old = World::with_redis(Redis::single(), vendor());
    let mut new = Redis::replica_of(old.redis.server());
    let (switch, server) = watch::channel(old.redis.server().address());
    let address = fixed_address(server).await;
    let worker = old.worker_with(&[("HP_REDIS__URL", &address)]);
    old.enqueue("A-1", 1).await;
    old.result("A-1").await;
    old.redis.replicated().await;

    new.promote();
    let port = new.server().port().to_string();
    old.redis
        .command::<()>(&["REPLICAOF", "127.0.0.1", &port])
        .await;
    worker.wait_for_log("read only replica").await;
    switch.send(new.server().address()).unwrap();
    let world = World {
        redis: new,
        sandbox: old.sandbox,
    };
    world.enqueue("A-2", 1).await;
    assert_eq!(world.result("A-2").await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn rust_client_continues_reading_after_failover() {
    let (mut world, _worker) = start_purchases(Redis::sentinel()).await;
    let queue = hp_queue::Queue::connect(&world.redis.url(), hp_queue::Prefix::default())
        .await
        .unwrap();
    let mut results = queue.results(None, "shop", "till").await.unwrap();
    results.next(1, Wait::ForOne).await.unwrap();
    world.redis.replicated().await;
    world.redis.fail_over(Signal::SIGKILL);
    let mut seen = std::collections::HashSet::new();
    while seen.len() < ORDERS {
        // The first read after a failover may still use the old connection.
        for delivery in results.next(ORDERS, Wait::ForOne).await.unwrap_or_default() {
            seen.insert(delivery.result.unwrap().order_id.clone());
        }
    }
}
