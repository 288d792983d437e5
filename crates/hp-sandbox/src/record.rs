//! Orders and cards as answers show them.

use crate::fields::{Fields, Signed, Value};
use crate::order::{Flaw, Order};
use crate::{catalogue, clock};

const RESELLER: u64 = 20_011;
const ACCOUNT: u64 = 77;
const YEAR: u64 = 365 * 24 * 60 * 60;

/// The `data` of fetch and order query, with the record's own flaw or else that of the answer.
pub(crate) fn of_order(order: &Order, seed: u64, flaw: Option<Flaw>) -> Signed {
    let (mut order, flaw) = (order.clone(), order.flaw.or(flaw));
    if flaw == Some(Flaw::WrongProduct) {
        order.product = catalogue::other_than(order.product);
    }
    let mut record = Record::new(order);
    if flaw == Some(Flaw::Short) {
        record.cards -= 1;
    }
    let rows = record.rows(seed);
    record.whole(&rows)
}

/// The `data` of a card query: a row without its `order_id`.
pub(crate) fn of_card(order: &Order, seed: u64, position: u32) -> Signed {
    let record = Record::new(order.clone());
    let (serial, key) = order.numbers(seed, position);
    let [sn, pin, _, rest @ ..] = record.row(&serial, &key).0;
    let mut fields = [sn; 11];
    fields[1] = pin;
    fields[2..].copy_from_slice(&rest);
    Fields(fields).signed()
}

/// An order as it is shown, with its values as they are written.
struct Record {
    order: Order,
    /// How many rows it shows.
    cards: u32,
    par: String,
    discount: String,
    unit_price: String,
    total: String,
    created: u64,
}

impl Record {
    fn new(order: Order) -> Self {
        Self {
            cards: order.quantity,
            par: order.product.par.to_string(),
            discount: order.product.discount.to_string(),
            unit_price: order.product.unit_price.to_string(),
            total: order.total.to_string(),
            created: clock::unix_seconds(order.created),
            order,
        }
    }

    /// The list `order_pins`. Its elements are signed in the order of their own texts.
    fn rows(&self, seed: u64) -> Signed {
        let mut json = String::from("[");
        let mut flats = Vec::with_capacity(self.cards as usize);
        for position in 1..=self.cards {
            let (serial, key) = self.order.numbers(seed, position);
            let row = self.row(&serial, &key).signed();
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

    fn row<'a>(&'a self, serial: &'a str, key: &'a str) -> Fields<'a, 12> {
        let product = self.order.product;
        Fields([
            ("pin_sn", Value::Text(serial)),
            ("pin_key", Value::Text(key)),
            ("order_id", Value::Number(self.order.number)),
            ("product_id", Value::Number(product.id)),
            ("category_name", Value::Text(product.brand)),
            ("product_name", Value::Text(product.value)),
            ("currency", Value::Text(product.currency)),
            ("amount", Value::Text(&self.par)),
            ("cost_price", Value::Text(&self.unit_price)),
            ("status", Value::Text("active")),
            ("create_time", Value::Number(self.created)),
            ("expire_time", Value::Number(self.created + YEAR)),
        ])
    }

    fn whole(&self, rows: &Signed) -> Signed {
        let (order, product) = (&self.order, self.order.product);
        Fields([
            ("order_id", Value::Number(order.number)),
            ("reseller_id", Value::Number(RESELLER)),
            ("out_trade_id", Value::Text(&order.out_trade_id)),
            ("user_account_id", Value::Number(ACCOUNT)),
            ("category_name", Value::Text(product.brand)),
            ("product_name", Value::Text(product.value)),
            ("currency", Value::Text(product.currency)),
            ("product_id", Value::Number(product.id)),
            ("par_value", Value::Text(&self.par)),
            ("reseller_discount", Value::Text(&self.discount)),
            ("unit_price", Value::Text(&self.unit_price)),
            ("quantity", Value::Number(order.quantity.into())),
            ("total_price", Value::Text(&self.total)),
            ("status", Value::Text("completed")),
            ("create_time", Value::Number(self.created)),
            ("order_pins", Value::Made(rows)),
        ])
        .signed()
    }
}
