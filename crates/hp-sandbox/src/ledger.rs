//! What the sandbox charged, for tests and for people.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use rust_decimal::Decimal;
use serde::Serialize;

use crate::order::Order;

/// Every charge since the start, and their sums. Money is text in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// One entry for each `out_trade_id`, by first charge.
    pub charges: Vec<Charge>,
    /// Over all of them.
    pub totals: Totals,
}

/// What was charged for one `out_trade_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Charge {
    /// The reseller's order id.
    pub out_trade_id: String,
    /// Of the first charge.
    pub product_id: u64,
    /// Of the first charge.
    pub quantity: u32,
    /// Of the first charge.
    pub currency: String,
    /// Of all charges for this id together.
    pub total_price: Decimal,
    /// How often it was charged: more than 1 only with `--duplicate charge`.
    pub times: u32,
    /// The vendor's order numbers.
    pub order_ids: Vec<u64>,
    /// Of all charges for this id.
    pub cards: Vec<LedgerCard>,
}

/// A card that was sold. It is worth nothing, so its key may be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerCard {
    /// 16 characters.
    pub pin_sn: String,
    /// 16 characters.
    pub pin_key: String,
}

/// Sums over the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Different ids.
    pub orders: usize,
    /// Charges, repeated ones included.
    pub charges: usize,
    /// Ids charged more than once.
    pub charged_twice: usize,
    /// Cards sold.
    pub cards: usize,
    /// Money taken, by currency.
    pub charged: BTreeMap<String, Decimal>,
    /// Money left, by currency.
    pub balances: BTreeMap<String, Decimal>,
}

impl Ledger {
    pub(crate) fn of(orders: &[Order], seed: u64, balances: BTreeMap<String, Decimal>) -> Self {
        let mut charges: Vec<Charge> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for order in orders {
            let place = *places.entry(&order.out_trade_id).or_insert(charges.len());
            if place == charges.len() {
                charges.push(Charge::empty(order));
            }
            charges[place].add(order, seed);
        }
        let totals = Totals::of(&charges, orders, balances);
        Self { charges, totals }
    }

    /// The entry for an id, if it was charged.
    pub fn charge(&self, out_trade_id: &str) -> Option<&Charge> {
        self.charges
            .iter()
            .find(|charge| charge.out_trade_id == out_trade_id)
    }

    /// A line for each id: `out_trade_id`, `product_id`, `quantity`, `times`, `total`, with tabs between.
    pub fn tsv(&self) -> String {
        let mut out = String::new();
        for c in &self.charges {
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "{}\t{}\t{}\t{}\t{}",
                c.out_trade_id, c.product_id, c.quantity, c.times, c.total_price
            );
        }
        out
    }
}

impl Charge {
    fn empty(order: &Order) -> Self {
        Self {
            out_trade_id: order.out_trade_id.to_string(),
            product_id: order.product.id,
            quantity: order.quantity,
            currency: order.product.currency.to_owned(),
            total_price: Decimal::ZERO,
            times: 0,
            order_ids: Vec::new(),
            cards: Vec::new(),
        }
    }

    fn add(&mut self, order: &Order, seed: u64) {
        self.times += 1;
        self.total_price += order.total;
        self.order_ids.push(order.number);
        self.cards.extend((1..=order.quantity).map(|position| {
            let (pin_sn, pin_key) = order.numbers(seed, position);
            LedgerCard { pin_sn, pin_key }
        }));
    }
}

impl Totals {
    fn of(charges: &[Charge], orders: &[Order], balances: BTreeMap<String, Decimal>) -> Self {
        let mut money = BTreeMap::new();
        for order in orders {
            *money
                .entry(order.product.currency.to_owned())
                .or_insert(Decimal::ZERO) += order.total;
        }
        Self {
            orders: charges.len(),
            charges: orders.len(),
            charged_twice: charges.iter().filter(|c| c.times > 1).count(),
            cards: charges.iter().map(|c| c.cards.len()).sum(),
            charged: money,
            balances,
        }
    }
}
