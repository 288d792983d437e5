//! How often a worker makes a connection to a vendor with TLS.

use std::time::Duration;

use e2e::{
    World,
    figures::{Row, Samples},
    tls::{TlsFront, authority},
};
use hp_sandbox::Options;
use tokio::time::interval;

use crate::{
    measure::{count, reached},
    options::Effort,
    setup::{Fsync, fill, ids, worker, world},
};

pub(crate) async fn under_load(effort: Effort) -> Vec<Row> {
    let (mut full_load, mut few_orders) = (Vec::new(), Vec::new());
    for _ in 0..effort.pick(3, 1) {
        let orders = effort.pick(20_000, 4_000);
        full_load.push(handshakes(Options::local(), orders, None).await * 1000.0);
        let slow = Options {
            latency: "80ms..200ms".parse().unwrap(),
            ..Options::local()
        };
        let pace = Some(Duration::from_millis(50));
        few_orders.push(handshakes(slow, effort.pick(200, 60), pace).await * 1000.0);
    }
    vec![
        Row::note(
            "TLS, 64 at a time, no latency: handshakes per 1000 orders",
            Samples::new(full_load),
        ),
        Row::note(
            "TLS, 20 orders/s, 80 to 200 ms: handshakes per 1000 orders",
            Samples::new(few_orders),
        ),
    ]
}

/// Handshakes an order: all orders at once, or one in each `pace`.
async fn handshakes(vendor: Options, orders: usize, pace: Option<Duration>) -> f64 {
    let world = world(vendor, Fsync::EverySecond);
    let front = TlsFront::start(world.sandbox.addr()).await;
    let url = format!("https://localhost:{}", front.port());
    let authority = authority();
    let _worker = worker(
        &world,
        &[
            ("HP_API__BASE_URL", &url),
            ("HP_API__CA_FILE", authority.to_str().unwrap()),
        ],
    );
    fill(&world, ids("first", 1), "2").await;
    reached(&world, 1).await;
    let before = front.handshakes();
    match pace {
        None => fill(&world, ids("A", orders), "2").await,
        Some(pace) => fill_slowly(&world, orders, pace).await,
    }
    reached(&world, 1 + orders).await;
    count(front.handshakes() - before) / count(orders)
}

async fn fill_slowly(world: &World, orders: usize, pace: Duration) {
    let mut ticks = interval(pace);
    for id in ids("A", orders) {
        ticks.tick().await;
        fill(world, [id], "2").await;
    }
}
