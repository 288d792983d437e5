//! The `data` of orders and cards.

use std::time::{SystemTime, UNIX_EPOCH};

use rust_decimal::Decimal;

use crate::catalogue;
use crate::order::{Defect, Order};
use crate::rng::KeyedRng;
use crate::signable::{Fields, Signable, Value};

const RESELLER_ID: u64 = 20_011;
const ACCOUNT_ID: u64 = 77;
/// The fields of an order that a client cannot do without.
const PROOF: [&str; 8] = [
    "order_id",
    "out_trade_id",
    "product_id",
    "unit_price",
    "quantity",
    "total_price",
    "status",
    "order_pins",
];
const YEAR_SECONDS: u64 = 365 * 24 * 60 * 60;

/// Returns the `data` of a fetch or an order query. A defect of the stored record hides that of the answer.
///
/// `is_odd` breaks the documented format of some products, as the product list does.
pub(crate) fn order_data(
    order: &Order,
    rng: KeyedRng,
    answer_defect: Option<Defect>,
    is_odd: bool,
) -> Signable {
    let (mut order, defect) = (order.clone(), order.record_defect.or(answer_defect));
    if defect == Some(Defect::WrongProduct) {
        order.product = catalogue::other_than(order.product);
    }
    let mut record = Record::new(order, is_odd);
    if defect == Some(Defect::Short) {
        record.cards -= 1;
    }
    record.is_sparse = defect == Some(Defect::Sparse);
    let rows = record.rows(rng);
    record.data(&rows)
}

/// Returns the `data` of a card query: a row of `order_pins` without its `order_id`.
pub(crate) fn card_data(order: &Order, rng: KeyedRng, position: u32, is_odd: bool) -> Signable {
    let record = Record::new(order.clone(), is_odd);
    let (serial, key) = order.card(rng, position);
    let [pin_sn, pin_key, _order_id, rest @ ..] = record.row(&serial, &key).0;
    let mut fields = [pin_sn; 11];
    fields[1] = pin_key;
    fields[2..].copy_from_slice(&rest);
    Fields(fields).signable()
}

/// An order with its values in the form in which they are sent.
struct Record {
    order: Order,
    /// The number of rows in `order_pins`.
    cards: u32,
    /// Only the fields that prove the order and its cards have values.
    is_sparse: bool,
    currency: &'static str,
    par: String,
    discount: String,
    unit_price: String,
    total: String,
    created: u64,
}

impl Record {
    fn new(order: Order, is_odd: bool) -> Self {
        let product = order.product;
        let is_short = is_odd && product.has_odd_row();
        let text = |amount: Decimal| {
            let shortened = is_short.then(|| amount.normalize());
            shortened.unwrap_or(amount).to_string()
        };
        Self {
            cards: order.quantity,
            is_sparse: false,
            currency: product.listed_currency(is_odd),
            par: text(product.par),
            discount: product.discount.to_string(),
            unit_price: text(product.unit_price),
            total: text(order.total),
            created: unix_seconds(order.created),
            order,
        }
    }

    /// Returns the list `order_pins`. The signature sorts the rows by their signed texts.
    fn rows(&self, rng: KeyedRng) -> Signable {
        let mut json = String::from("[");
        let mut texts = Vec::with_capacity(self.cards as usize);
        for position in 1..=self.cards {
            let (serial, key) = self.order.card(rng, position);
            let row = self.row(&serial, &key).signable();
            json.push_str(if position > 1 { "," } else { "" });
            json.push_str(&row.json);
            texts.push(row.signed_text);
        }
        json.push(']');
        texts.sort_unstable();
        Signable {
            json,
            signed_text: texts.concat(),
        }
    }

    fn row<'a>(&'a self, serial: &'a str, key: &'a str) -> Fields<'a, 12> {
        let product = self.order.product;
        let row = Fields([
            ("pin_sn", Value::Text(serial)),
            ("pin_key", Value::Text(key)),
            ("order_id", Value::Number(self.order.number)),
            ("product_id", Value::Number(product.id)),
            ("category_name", Value::Text(product.brand)),
            ("product_name", Value::Text(product.value)),
            ("currency", Value::Text(self.currency)),
            ("amount", Value::Text(&self.par)),
            ("cost_price", Value::Text(&self.unit_price)),
            ("status", Value::Text("active")),
            ("create_time", Value::Number(self.created)),
            ("expire_time", Value::Number(self.created + YEAR_SECONDS)),
        ]);
        if self.is_sparse {
            return row.keep_only(&["pin_sn", "pin_key"]);
        }
        row
    }

    fn data(&self, rows: &Signable) -> Signable {
        let (order, product) = (&self.order, self.order.product);
        let data = Fields([
            ("order_id", Value::Number(order.number)),
            ("reseller_id", Value::Number(RESELLER_ID)),
            ("out_trade_id", Value::Text(&order.out_trade_id)),
            ("user_account_id", Value::Number(ACCOUNT_ID)),
            ("category_name", Value::Text(product.brand)),
            ("product_name", Value::Text(product.value)),
            ("currency", Value::Text(self.currency)),
            ("product_id", Value::Number(product.id)),
            ("par_value", Value::Text(&self.par)),
            ("reseller_discount", Value::Text(&self.discount)),
            ("unit_price", Value::Text(&self.unit_price)),
            ("quantity", Value::Number(order.quantity.into())),
            ("total_price", Value::Text(&self.total)),
            ("status", Value::Text("completed")),
            ("create_time", Value::Number(self.created)),
            ("order_pins", Value::Nested(rows)),
        ]);
        if self.is_sparse {
            return data.keep_only(&PROOF).signable();
        }
        data.signable()
    }
}

fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
