//! The client against servers that keep to the contract, and servers that do not.
#![allow(
    clippy::unwrap_used,
    reason = "a helper that cannot do its part is a failed test"
)]

mod answers;
mod exchange;
mod lost;
mod never_sent;
mod never_twice;
mod refused;
mod server;

use std::time::Duration;

use hp_api::{AppSecret, Client, ClientBuilder, FetchCards, ProductId, Quantity};

const SECRET: &str = "demo-secret-0001";

fn secret() -> AppSecret {
    AppSecret::from(SECRET.to_owned())
}

fn builder(url: &str) -> ClientBuilder {
    // Long enough never to matter, unless a test says otherwise.
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
