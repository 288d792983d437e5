//! The client against servers that obey the contract and servers that do not.
#![allow(
    clippy::unwrap_used,
    reason = "a failure in test support is a failed test"
)]

mod answers;
mod exchange;
mod hostile;
mod hostile_cases;
mod idle;
mod lost;
mod never_sent;
mod never_twice;
mod observed;
mod rejected;
mod server;
mod settler;
mod surplus;
mod tls;

use std::time::Duration;

use hp_api::{AppSecret, Client, ClientBuilder, FetchCards, ProductId, Quantity};

const SECRET: &str = "demo-secret-0001";

fn secret() -> AppSecret {
    AppSecret::from(SECRET.to_owned())
}

fn builder(url: &str) -> ClientBuilder {
    // No test waits this long. Tests of timeouts set their own.
    Client::builder(url, "demo")
        .secret(secret())
        .timeout(Duration::from_mins(1))
}

fn client(url: &str) -> Client {
    builder(url).build().unwrap()
}

fn wanted(order_id: &str) -> FetchCards {
    FetchCards {
        order_id: order_id.parse().unwrap(),
        product_id: ProductId::new(31).unwrap(),
        quantity: Quantity::new(2).unwrap(),
    }
}
