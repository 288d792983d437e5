//! A replica is promoted while the old master lives on, with a worker on each.

use e2e::{
    Redis, World,
    proxy::{Link, Proxy},
};
use hp_sandbox::{Duplicate, Options};

const ORDERS: usize = 91;

/// Redis bounds the writes of a master that has lost its replica, to a longer time than `retry.resubmit_after`.
const BOUNDED: &str = "--min-replicas-to-write 1 --min-replicas-max-lag 7";

// Changes to the servers block the test's thread, so the proxy and the vendor run on others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_on_each_of_two_masters_charges_once() {
    let vendor = Options {
        latency: "1500ms".parse().unwrap(),
        duplicate: Duplicate::Charge,
        ..Options::local()
    };
    let old = World::with_redis(Redis::single_with(BOUNDED), vendor);
    let link = Proxy::start(old.redis.server().address().parse().unwrap(), 7).await;
    let mut new = Redis::replica_through(old.redis.server(), &link.addr().to_string(), BOUNDED);
    // With the bound, a promoted replica needs a replica of its own.
    let _replica_of_new = Redis::replica_of(new.server());
    let settings = [("HP_WORKER__LEASE", "1s"), ("HP_API__TIMEOUT", "4s")];
    // The old master's worker is slow, so that it has orders to send for as long as it may.
    let _on_old = old.worker_with(&[&settings[..], &[("HP_WORKER__CONCURRENCY", "4")]].concat());
    let ids: Vec<_> = (0..ORDERS).map(|n| format!("A-{n}")).collect();
    for id in &ids {
        old.enqueue(id, 1).await;
    }
    old.wait_for_state("A-5", "completed").await;
    old.redis.replicated().await;
    link.set(Link::Stall);
    new.promote();
    let address = new.url();
    let _on_new = old.worker_with(&[&settings[..], &[("HP_REDIS__URL", &address)]].concat());
    let world = World {
        redis: new,
        sandbox: old.sandbox,
    };
    for result in world.results_of_all(&ids).await {
        assert_eq!(result["status"], "completed", "{result:?}");
    }
    let twice = ids.iter().filter(|id| world.charge_count(id) != 1);
    assert_eq!(twice.collect::<Vec<_>>(), Vec::<&String>::new());
}
