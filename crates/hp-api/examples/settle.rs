//! Settles an order whose outcome is unknown: `cargo run --example settle -- ORDER_ID PRODUCT_ID QUANTITY MINUTES_SINCE_SENT [CHARGED_ORDER_ID PRODUCT_ID QUANTITY] [--show-keys]`
//!
//! The last three arguments name another order that was charged: the control. Without it, only the product list proves
//! that the vendor works as usual.

mod common;

use std::time::Duration;

use hp_api::{FetchCards, Settlement, Settler};

/// The example knows whole minutes.
const TOLERANCE: Duration = Duration::from_mins(1);

#[tokio::main(flavor = "current_thread")]
async fn main() -> common::Result {
    let (arguments, show_keys) = common::arguments();
    let (order, minutes, control) = match &arguments[..] {
        [order @ .., minutes] if order.len() == 3 => (order, minutes, None),
        [a, b, c, minutes, control @ ..] if control.len() == 3 => {
            (&[a.clone(), b.clone(), c.clone()][..], minutes, Some(control))
        }
        _ => return Err("usage: settle ORDER_ID PRODUCT_ID QUANTITY MINUTES_SINCE_SENT [CHARGED_ORDER_ID PRODUCT_ID QUANTITY]".into()),
    };
    let control = control.map(wanted).transpose()?;
    let settler = Settler::new(common::client()?, control);
    let since_sent = Duration::from_mins(minutes.parse()?);
    match settler.settle(&wanted(order)?, since_sent).await {
        Settlement::Charged(order) => {
            // HitPoints knows an id for ever, so an older record belongs to an earlier order.
            let is_older = |age| age > since_sent + TOLERANCE;
            if order.record_age.is_some_and(is_older) {
                println!("an operator must review this: the record may be older than the order");
            }
            common::print_order(&order, show_keys);
        }
        Settlement::NotCharged(answer) => {
            println!(
                "not charged ({answer}): fetch it again with the same order id, unless HitPoints has said that the id exists"
            );
        }
        Settlement::Mismatch(mismatch) => println!("an operator must review this: {mismatch}"),
        Settlement::TooEarly(answer) => {
            println!("no record yet ({answer}): settle again when 5 minutes have passed");
        }
        Settlement::Unconfirmed(answer, reason) => {
            println!("{answer} proves nothing ({reason}): settle again later");
        }
        Settlement::Unknown(doubt) => println!("settle again later: {}", doubt.message),
    }
    Ok(())
}

fn wanted(order: &[String]) -> common::Result<FetchCards> {
    Ok(FetchCards {
        order_id: order[0].parse()?,
        product_id: order[1].parse()?,
        quantity: order[2].parse()?,
    })
}
