//! Shows the record of an order: `cargo run --example query_order -- ORDER_ID [--show-keys]`

mod common;

#[tokio::main(flavor = "current_thread")]
async fn main() -> common::Result {
    let (arguments, show_keys) = common::arguments();
    let [order_id] = &arguments[..] else {
        return Err(
            "usage: query_order ORDER_ID [--show-keys], for example: query_order A-1001".into(),
        );
    };
    let order = common::client()?.query_order(&order_id.parse()?).await?;
    common::print_order(&order, show_keys);
    Ok(())
}
