use std::collections::BTreeMap;

use hp_api::Order;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::terminal::format::known;

/// The charges of HitPoints' records that match their orders, whether the ledger agrees or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Totals {
    pub(crate) by_currency: BTreeMap<String, Sum>,
    /// By product id, then by currency.
    pub(crate) by_product: BTreeMap<u64, BTreeMap<String, Sum>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Sum {
    pub(crate) orders: u64,
    pub(crate) cards: u64,
    /// In major units.
    pub(crate) amount: Decimal,
}

impl Totals {
    pub(super) fn add(&mut self, order: &Order) {
        let currency = || known(order.currency.as_ref());
        let product = self.by_product.entry(order.product_id.get()).or_default();
        for sum in [
            self.by_currency.entry(currency()).or_default(),
            product.entry(currency()).or_default(),
        ] {
            sum.orders += 1;
            sum.cards += order.cards.len() as u64;
            sum.amount += order.total_price.amount();
        }
    }

    /// Rows of figure, key and value.
    pub(super) fn rows(&self) -> Vec<[String; 3]> {
        let by_currency = self.by_currency.iter();
        let by_currency = by_currency.flat_map(|(currency, sum)| sum.rows(currency));
        let by_product = self.by_product.iter().flat_map(|(product, sums)| {
            sums.iter()
                .flat_map(move |(currency, sum)| sum.rows(&format!("product {product} {currency}")))
        });
        by_currency.chain(by_product).collect()
    }
}

impl Sum {
    fn rows(&self, key: &str) -> [[String; 3]; 3] {
        let row = |name: &str, value: String| [name.into(), key.into(), value];
        [
            row("audit_orders", self.orders.to_string()),
            row("audit_cards", self.cards.to_string()),
            row("audit_amount", self.amount.to_string()),
        ]
    }
}
