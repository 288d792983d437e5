//! The ledger: every charge of the sandbox, for tests and developers.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use rust_decimal::Decimal;
use serde::Serialize;

use crate::order::Order;
use crate::rng::KeyedRng;

/// Every charge since the start, with totals. JSON shows amounts of money as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// One entry for each `out_trade_id`, sorted by time of the first charge.
    pub charges: Vec<Charge>,
    /// Sums over all charges.
    pub totals: Totals,
}

/// All charges of one `out_trade_id`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Charge {
    /// The order id that the reseller chose.
    pub out_trade_id: String,
    /// The product of the first charge.
    pub product_id: u64,
    /// The quantity of the first charge.
    pub quantity: u32,
    /// The currency of the first charge.
    pub currency: String,
    /// The sum of all charges.
    pub total_price: Decimal,
    /// The number of charges. More than 1 only with `--duplicate charge`.
    pub times: u32,
    /// The vendor's number of each charge.
    pub order_ids: Vec<u64>,
    /// The cards of all charges.
    pub cards: Vec<LedgerCard>,
}

/// A sold card. It has no value, so the ledger shows its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LedgerCard {
    /// The serial number, 16 characters.
    pub pin_sn: String,
    /// The key, 16 characters.
    pub pin_key: String,
}

/// Sums over all charges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// The number of different order ids.
    pub orders: usize,
    /// The number of charges, repeated ones included.
    pub charges: usize,
    /// The number of order ids that were charged more than once.
    pub charged_twice: usize,
    /// The number of sold cards.
    pub cards: usize,
    /// The charged amount in each currency.
    pub charged: BTreeMap<String, Decimal>,
    /// The balance of each account.
    pub balances: BTreeMap<String, Decimal>,
}

impl Ledger {
    pub(crate) fn new(
        orders: &[Order],
        rng: KeyedRng,
        balances: BTreeMap<String, Decimal>,
    ) -> Self {
        let mut charges: Vec<Charge> = Vec::new();
        let mut indexes: HashMap<&str, usize> = HashMap::new();
        for order in orders {
            let index = *indexes.entry(&order.out_trade_id).or_insert(charges.len());
            if index == charges.len() {
                charges.push(Charge::empty(order));
            }
            charges[index].add(order, rng);
        }
        let totals = Totals::new(&charges, orders, balances);
        Self { charges, totals }
    }

    /// Returns the charges of an order id.
    pub fn charge(&self, out_trade_id: &str) -> Option<&Charge> {
        self.charges
            .iter()
            .find(|charge| charge.out_trade_id == out_trade_id)
    }

    /// Returns one line for each order id, with tabs between `out_trade_id`, `product_id`, `quantity`, `times` and
    /// `total_price`.
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

    fn add(&mut self, order: &Order, rng: KeyedRng) {
        self.times += 1;
        self.total_price += order.total;
        self.order_ids.push(order.number);
        self.cards.extend((1..=order.quantity).map(|position| {
            let (pin_sn, pin_key) = order.card(rng, position);
            LedgerCard { pin_sn, pin_key }
        }));
    }
}

impl Totals {
    fn new(charges: &[Charge], orders: &[Order], balances: BTreeMap<String, Decimal>) -> Self {
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
