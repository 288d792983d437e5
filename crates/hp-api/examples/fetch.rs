//! Buys cards: `cargo run --example fetch -- ORDER_ID PRODUCT_ID QUANTITY [--show-keys]`
//!
//! Shows all three outcomes. An order id names one order for ever: if the outcome is unknown, query the order (example
//! `query_order`) before you fetch it again.

mod common;

use hp_api::{FetchCards, Outcome};

#[tokio::main(flavor = "current_thread")]
async fn main() -> common::Result {
    let (arguments, show_keys) = common::arguments();
    let [order_id, product_id, quantity] = &arguments[..] else {
        return Err("usage: fetch ORDER_ID PRODUCT_ID QUANTITY [--show-keys], for example: fetch A-1001 2 3".into());
    };
    let wanted = FetchCards {
        order_id: order_id.parse()?,
        product_id: product_id.parse()?,
        quantity: quantity.parse()?,
    };
    match Outcome::of(common::client()?.fetch(&wanted).await) {
        Outcome::Charged(order) => common::print_order(&order, show_keys),
        Outcome::NotCharged(refusal) => {
            println!(
                "nothing was charged ({:?}): {}",
                refusal.kind, refusal.message
            );
        }
        Outcome::Unknown(doubt) => {
            println!(
                "the order may have been charged ({}): {}",
                doubt.kind, doubt.message
            );
            println!("query order {} before you fetch it again", wanted.order_id);
        }
    }
    Ok(())
}
