//! Alerts about HitPoints.

use e2e::World;
use hp_sandbox::Options;

use super::{watch, worker};

async fn enqueue(world: &World, name: &str, n: usize) {
    for n in 0..n {
        world.enqueue(&format!("{name}-{n}"), 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus"]
async fn outage_of_the_vendor_fires_until_it_ends() {
    let world = World::start();
    let worker = worker(&world, &[]);
    let prometheus = watch(&[&worker]).await;
    world.sandbox.set_fault("drop-before", 1.0).unwrap();
    world.sandbox.set_fault("query:drop-before", 1.0).unwrap();
    enqueue(&world, "A", 30).await;
    prometheus.fires("HpVendorUnreachable").await;
    world.sandbox.clear_faults();
    prometheus.resolves("HpVendorUnreachable").await;

    world.sandbox.set_fault("http-500-before", 0.6).unwrap();
    enqueue(&world, "B", 60).await;
    prometheus.fires("HpHttpErrors").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs prometheus"]
async fn low_balance_and_throttling_fire() {
    let world = World::with_vendor(Options {
        balance: vec!["CNY=5".parse().unwrap()],
        ..Options::local()
    });
    let worker = worker(&world, &[]);
    let prometheus = watch(&[&worker]).await;
    // A single order is the one that tests the balance.
    enqueue(&world, "A", 1).await;
    prometheus.fires("HpBalanceLow").await;
    let balance = "1000".parse().unwrap();
    world.sandbox.set_balance("CNY", balance).unwrap();
    prometheus.resolves("HpBalanceLow").await;

    world.sandbox.set_fault("http-429-before", 1.0).unwrap();
    enqueue(&world, "B", 1).await;
    prometheus.fires("HpThrottled").await;
}
