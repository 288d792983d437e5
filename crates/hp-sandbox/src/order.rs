//! An order on the vendor's books, and its record as an answer shows it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rust_decimal::Decimal;

use crate::catalogue::{self, Product};
use crate::fields::{Fields, Signed, Value};
use crate::{card, clock};

const RESELLER: u64 = 20_011;
const ACCOUNT: u64 = 77;
const YEAR: u64 = 365 * 24 * 60 * 60;

/// What was charged. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) out_trade_id: Arc<str>,
    pub(crate) number: u64,
    pub(crate) product: &'static Product,
    pub(crate) quantity: u32,
    pub(crate) total: Decimal,
    pub(crate) created: SystemTime,
    /// For how long queries do not find it.
    pub(crate) hidden: Duration,
    /// What is wrong with the record itself.
    pub(crate) flaw: Option<Flaw>,
}

/// A record that contradicts what was ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// One card is missing.
    Short,
    /// Another product.
    WrongProduct,
}

impl Order {
    pub(crate) fn is_visible(&self, now: SystemTime) -> bool {
        now.duration_since(self.created).unwrap_or_default() >= self.hidden
    }

    /// The `data` of fetch and order query, with the record's own flaw or else that of the answer.
    pub(crate) fn data(&self, seed: u64, flaw: Option<Flaw>) -> Signed {
        let shown = self.shown(flaw);
        let rows = shown.rows(seed);
        shown.head(&rows)
    }

    /// The `data` of a card query: the row without `order_id`.
    pub(crate) fn card(&self, seed: u64, position: u32) -> Signed {
        let texts = self.texts();
        let (serial, key) = self.numbers(seed, position);
        let [sn, pin, _, rest @ ..] = self.row(&serial, &key, &texts).0;
        let mut fields = [sn; 11];
        fields[1] = pin;
        fields[2..].copy_from_slice(&rest);
        Fields(fields).signed()
    }

    /// Serial number and key of one card; positions count from 1.
    pub(crate) fn numbers(&self, seed: u64, position: u32) -> (String, String) {
        (
            card::serial(seed, self.number, position),
            card::key(seed, self.number, position),
        )
    }

    fn shown(&self, flaw: Option<Flaw>) -> Shown {
        let mut shown = Shown {
            order: self.clone(),
            cards: self.quantity,
        };
        match self.flaw.or(flaw) {
            Some(Flaw::Short) => shown.cards = self.quantity.saturating_sub(1),
            Some(Flaw::WrongProduct) => shown.order.product = catalogue::other_than(self.product),
            None => {}
        }
        shown
    }

    fn row<'a>(&self, serial: &'a str, key: &'a str, texts: &'a Texts) -> Fields<'a, 12> {
        Fields([
            ("pin_sn", Value::Text(serial)),
            ("pin_key", Value::Text(key)),
            ("order_id", Value::Number(self.number)),
            ("product_id", Value::Number(self.product.id)),
            ("category_name", Value::Text(self.product.brand)),
            ("product_name", Value::Text(self.product.value)),
            ("currency", Value::Text(self.product.currency)),
            ("amount", Value::Text(&texts.par)),
            ("cost_price", Value::Text(&texts.unit_price)),
            ("status", Value::Text("active")),
            ("create_time", Value::Number(texts.created)),
            ("expire_time", Value::Number(texts.created + YEAR)),
        ])
    }

    fn texts(&self) -> Texts {
        Texts {
            par: self.product.par.to_string(),
            discount: self.product.discount.to_string(),
            unit_price: self.product.unit_price.to_string(),
            total: self.total.to_string(),
            created: clock::unix_seconds(self.created),
        }
    }
}

/// Values as they are written.
struct Texts {
    par: String,
    discount: String,
    unit_price: String,
    total: String,
    created: u64,
}

/// An order as one answer shows it, which may be wrong.
struct Shown {
    order: Order,
    cards: u32,
}

impl Shown {
    /// The list `order_pins`. Its elements are signed in the order of their own texts.
    fn rows(&self, seed: u64) -> Signed {
        let texts = self.order.texts();
        let mut json = String::from("[");
        let mut flats = Vec::with_capacity(self.cards as usize);
        for position in 1..=self.cards {
            let (serial, key) = self.order.numbers(seed, position);
            let row = self.order.row(&serial, &key, &texts).signed();
            json.push_str(if position > 1 { "," } else { "" });
            json.push_str(&row.json);
            flats.push(row.flat);
        }
        json.push(']');
        flats.sort_unstable();
        Signed {
            json,
            flat: flats.concat(),
        }
    }

    fn head(&self, rows: &Signed) -> Signed {
        let (order, texts) = (&self.order, self.order.texts());
        Fields([
            ("order_id", Value::Number(order.number)),
            ("reseller_id", Value::Number(RESELLER)),
            ("out_trade_id", Value::Text(&order.out_trade_id)),
            ("user_account_id", Value::Number(ACCOUNT)),
            ("category_name", Value::Text(order.product.brand)),
            ("product_name", Value::Text(order.product.value)),
            ("currency", Value::Text(order.product.currency)),
            ("product_id", Value::Number(order.product.id)),
            ("par_value", Value::Text(&texts.par)),
            ("reseller_discount", Value::Text(&texts.discount)),
            ("unit_price", Value::Text(&texts.unit_price)),
            ("quantity", Value::Number(order.quantity.into())),
            ("total_price", Value::Text(&texts.total)),
            ("status", Value::Text("completed")),
            ("create_time", Value::Number(texts.created)),
            ("order_pins", Value::Made(rows)),
        ])
        .signed()
    }
}
