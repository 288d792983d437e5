//! Measures what an order costs on a kept connection and on a new one, over TLS, and how many connections a worker makes
//! under load: `just connection`.
//!
//! The vendor is a local sandbox, at no distance and at one of 100 ms for both ways. The simulated distance does not slow the
//! handshake of TCP, which costs one more round trip in a real network.
#![allow(clippy::unwrap_used, reason = "a measurement that fails has no result")]

mod under_load;

use std::time::{Duration, Instant};

use e2e::{
    proxy::{Link, Proxy},
    tls::{TlsFront, authority},
};
use hp_api::{AppSecret, Client, FetchCards, ProductId, Quantity};
use hp_sandbox::{Options, Sandbox};
use tokio::time::sleep;

/// An idle time after which the client makes a new connection.
const LONG_IDLE: Duration = Duration::from_millis(1100);

#[tokio::main]
async fn main() {
    println!("Median duration of an order over TLS, in milliseconds:\n");
    println!(
        "{:>10}  {:>8}  {:>11}  {:>8}",
        "distance", "kept", "new,resumed", "new,full"
    );
    for (distance, orders) in [(Duration::ZERO, 31), (Duration::from_millis(100), 9)] {
        let kept = measure(Kind::Kept, distance, orders).await;
        let resumed = measure(Kind::Resumed, distance, orders).await;
        let full = measure(Kind::Full, distance, orders).await;
        println!(
            "{:>10}  {kept:>8.2}  {resumed:>11.2}  {full:>8.2}",
            format!("{distance:?}")
        );
    }
    under_load::measure_all().await;
}

/// The connection of each order.
#[derive(Clone, Copy)]
enum Kind {
    /// That of the order before.
    Kept,
    /// A new one that continues the TLS session of the one before.
    Resumed,
    /// A new one of a new client.
    Full,
}

async fn measure(kind: Kind, distance: Duration, orders: usize) -> f64 {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let vendor = sandbox.base_url();
    let vendor = vendor.trim_start_matches("http://").parse().unwrap();
    let front = TlsFront::start(vendor).await;
    let far = Proxy::start(([127, 0, 0, 1], front.port()).into(), 1).await;
    far.set(Link::Distant(distance / 2));
    let url = format!("https://localhost:{}", far.addr().port());
    let mut client = client(&url);
    let mut durations = Vec::with_capacity(orders);
    for n in 0..=orders {
        match kind {
            Kind::Kept => {}
            Kind::Resumed => sleep(LONG_IDLE).await,
            Kind::Full => client = self::client(&url),
        }
        let started = Instant::now();
        client.fetch(&order(n)).await.unwrap();
        durations.push(started.elapsed());
    }
    // The first order makes the connection.
    durations.remove(0);
    durations.sort_unstable();
    durations[orders / 2].as_secs_f64() * 1000.0
}

fn client(url: &str) -> Client {
    let authority = std::fs::read_to_string(authority()).unwrap();
    let builder = Client::builder(url, "demo").authorities(authority.parse().unwrap());
    builder
        .secret(AppSecret::from("demo-secret".to_owned()))
        .build()
        .unwrap()
}

fn order(n: usize) -> FetchCards {
    FetchCards {
        order_id: format!("A-{n}").parse().unwrap(),
        product_id: ProductId::new(2).unwrap(),
        quantity: Quantity::new(1).unwrap(),
    }
}
