use std::collections::BTreeSet;

use hp_api::Product;
use serde::Serialize;

use super::Control;
use crate::{error::QueueError, script::script};

script! {
    PublishProducts<'a> = "publish_products.lua";
    queue: products, queue, spent;
    order: ;
    arguments: account: &'a str, currencies: &'a str;
}

/// A product as shops read it from `{hp}:products`. The names are those of the vendor's fields where it has them.
#[derive(Debug, Serialize)]
pub struct PublishedProduct<'a> {
    /// The name, if HitPoints gives one.
    pub name: Option<&'a str>,
    /// The category, if HitPoints gives one.
    pub category: Option<&'a str>,
    /// The region, if HitPoints gives one.
    pub region: Option<&'a str>,
    /// The currency of its prices.
    pub currency: String,
    /// The face value of a card: money as text, in major units.
    pub par_value: String,
    /// The value is not fixed, so HitPoints refuses an order of this product.
    pub open_value: bool,
    /// The discount as HitPoints writes it.
    pub discount_rate: Option<&'a str>,
    /// The most cards of one order.
    pub max_fetch_quantity: u32,
}

impl Control {
    /// Replaces the product list that shops read. Returns `false` if the queue has another account; then nothing changes.
    pub async fn publish_products(&self, products: &[Product]) -> Result<bool, QueueError> {
        let currencies: BTreeSet<_> = products.iter().map(|row| row.currency.as_str()).collect();
        let mut call = PublishProducts {
            account: self.agreement.account().as_str(),
            currencies: &Vec::from_iter(currencies).join(" "),
        }
        .call(&self.handle.keys);
        for product in products {
            let published = PublishedProduct::from(product);
            // Text and numbers always serialize.
            let json = serde_json::to_string(&published).unwrap_or_default();
            call.arg(product.product_id.get()).arg(json);
        }
        call.run(&mut self.handle.connection.clone()).await
    }
}

impl<'a> From<&'a Product> for PublishedProduct<'a> {
    fn from(product: &'a Product) -> Self {
        Self {
            name: product.product_name.as_deref(),
            category: product.category_name.as_deref(),
            region: product.region.as_deref(),
            currency: product.currency.to_string(),
            par_value: product.par_value.to_string(),
            open_value: product.has_open_value(),
            discount_rate: product.discount_rate.as_deref(),
            max_fetch_quantity: product.max_fetch_quantity,
        }
    }
}
