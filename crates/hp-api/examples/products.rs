//! Lists the products that may be ordered: `cargo run --example products [CURRENCY]`

mod common;

use hp_api::Currency;

#[tokio::main(flavor = "current_thread")]
async fn main() -> common::Result {
    let currency = std::env::args()
        .nth(1)
        .map(|text| text.parse::<Currency>())
        .transpose()?;
    let list = common::client()?.products(currency).await?;
    for skipped in &list.skipped {
        eprintln!("skipped a product that cannot be read: {}", skipped.reason);
    }
    for product in list.products {
        println!(
            "{:>8}  {} {:>8}  up to {:>5}  {} / {} ({})",
            product.product_id,
            product.currency,
            product.par_value,
            product.max_fetch_quantity,
            product.category_name.as_deref().unwrap_or("-"),
            product.product_name.as_deref().unwrap_or("-"),
            product.group,
        );
    }
    Ok(())
}
