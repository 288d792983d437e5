//! A queue that moves to another server, or is kept by one that does not write: the worker follows by itself.
//!
//! What is done to the servers blocks the test's thread, so the vendor runs on another where orders are under way.

use e2e::{Redis, Worker, World};
use hp_queue::Wait;
use hp_sandbox::{Duplicate, Options};
use nix::sys::signal::Signal;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A vendor that takes its time, and knows an id that it has seen.
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

/// A world with a worker that has begun to work on its orders. What was put in is on the replica too.
async fn at_work(redis: Redis) -> (World, Worker) {
    let world = World::over(redis, vendor());
    let worker = world.worker_with(&[("HP_WORKER__CONCURRENCY", "4")]);
    for n in 0..ORDERS {
        world.order(&id(n), 1).await;
    }
    world.in_state(&id(5), "completed").await;
    (world, worker)
}

async fn all_end_charged_once(world: &World) {
    for n in 0..ORDERS {
        let (id, result) = (id(n), world.result(&id(n)).await);
        assert_eq!(result["status"], "completed", "{result:?}");
        assert_eq!(world.charged(&id), 1, "{id}");
    }
    assert_eq!(world.redis.run::<u64>(&["ZCARD", "{hp}:open"]).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_worker_goes_on_with_the_replica_that_sentinel_promotes() {
    for signal in [Signal::SIGKILL, Signal::SIGSTOP] {
        let (mut world, _worker) = at_work(Redis::watched()).await;
        world.redis.replicated().await;
        world.redis.fail_over(signal);
        all_end_charged_once(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_worker_goes_on_with_the_replica_that_the_cluster_promotes() {
    for signal in [Signal::SIGKILL, Signal::SIGSTOP] {
        let (mut world, _worker) = at_work(Redis::cluster_with_replica()).await;
        world.redis.replicated().await;
        world.redis.fail_over(signal);
        all_end_charged_once(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_worker_follows_its_slot_to_another_node_of_the_cluster() {
    let (mut world, _worker) = at_work(Redis::cluster()).await;
    world.redis.move_slot();
    all_end_charged_once(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_worker_waits_for_the_node_of_the_cluster_that_has_its_slot() {
    let (mut world, _worker) = at_work(Redis::cluster()).await;
    world.redis.crash_and_restart();
    all_end_charged_once(&world).await;
}

#[tokio::test]
async fn a_replica_is_complained_of_and_used_when_it_is_promoted() {
    let master = World::over(Redis::single(), vendor());
    let replica = Redis::replica_of(master.redis.server());
    let worker = master.worker_with(&[("HP_REDIS__URL", &replica.url())]);
    worker.said("read only replica").await;
    master.order("A-1", 1).await;
    master.redis.replicated().await;
    assert_eq!(master.charged("A-1"), 0);

    replica.run::<()>(&["REPLICAOF", "NO", "ONE"]).await;
    let world = World {
        redis: replica,
        sandbox: master.sandbox,
    };
    assert_eq!(world.result("A-1").await["status"], "completed");
    assert_eq!(world.charged("A-1"), 1);
}

/// An address that stays while the server behind it changes, as behind a proxy. What is connected stays connected.
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
async fn a_server_that_became_a_replica_is_left_for_the_one_that_now_has_its_address() {
    let old = World::over(Redis::single(), vendor());
    let new = Redis::replica_of(old.redis.server());
    let (switch, server) = watch::channel(old.redis.server().address());
    let address = fixed_address(server).await;
    let worker = old.worker_with(&[("HP_REDIS__URL", &address)]);
    old.order("A-1", 1).await;
    old.result("A-1").await;
    old.redis.replicated().await;

    new.run::<()>(&["REPLICAOF", "NO", "ONE"]).await;
    let port = new.server().port().to_string();
    old.redis
        .run::<()>(&["REPLICAOF", "127.0.0.1", &port])
        .await;
    worker.said("read only replica").await;
    switch.send(new.server().address()).unwrap();
    let world = World {
        redis: new,
        sandbox: old.sandbox,
    };
    world.order("A-2", 1).await;
    assert_eq!(world.result("A-2").await["status"], "completed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_shop_in_rust_goes_on_reading_after_a_failover() {
    let (mut world, _worker) = at_work(Redis::watched()).await;
    let queue = hp_queue::Queue::connect(&world.redis.url(), hp_queue::Prefix::default())
        .await
        .unwrap();
    let mut results = queue.results(None, "shop", "till").await.unwrap();
    results.next(1, Wait::ForOne).await.unwrap();
    world.redis.replicated().await;
    world.redis.fail_over(Signal::SIGKILL);
    let mut seen = std::collections::HashSet::new();
    while seen.len() < ORDERS {
        // The first read after a failover may still meet the one that is gone.
        for delivery in results.next(ORDERS, Wait::ForOne).await.unwrap_or_default() {
            seen.insert(delivery.result.unwrap().order_id.clone());
        }
    }
}
