//! Lists the products that may be ordered: `cargo run --example products [CURRENCY]`

mod common;

use hp_api::Currency;

#[tokio::main(flavor = "current_thread")]
async fn main() -> common::Result {
    let currency = std::env::args()
        .nth(1)
        .map(|text| text.parse::<Currency>())
        .transpose()?;
    let products = common::client()?.products(currency).await?;
    for product in products {
        println!(
            "{:>8}  {} {:>8}  up to {:>5}  {} / {} ({})",
            product.product_id,
            product.currency,
            product.par_value,
            product.max_fetch_quantity,
            product.category_name,
            product.product_name,
            product.group,
        );
    }
    Ok(())
}
