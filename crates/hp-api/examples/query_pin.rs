//! Shows the record of a card: `cargo run --example query_pin -- PIN_SN [--show-keys]`

mod common;

#[tokio::main(flavor = "current_thread")]
async fn main() -> common::Result {
    let (arguments, show_keys) = common::arguments();
    let [pin_sn] = &arguments[..] else {
        return Err(
            "usage: query_pin PIN_SN [--show-keys], for example: query_pin T000000417K00001".into(),
        );
    };
    let card = common::client()?.query_pin(&pin_sn.parse()?).await?;
    common::print_card(&card, show_keys);
    Ok(())
}
