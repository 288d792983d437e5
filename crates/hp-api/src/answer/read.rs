//! Reads the documented fields. It reads every field by name, because names are not signed.
//!
//! Fields that prove the order and its cards are required. All others only describe them: a paid order must not become
//! unreadable because one of them is missing or has another type.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::fields::{Fields, Location};
use crate::{
    call_error::{CallError, CallResult},
    json::Value,
    model::{Card, Mismatch, Order},
    readable::is_readable,
    value::{CardStatus, OrderStatus, PinKey, ProductId, Quantity},
};

/// The maximum length of a card's key in bytes. The documented keys have 16 characters.
const PIN_KEY_MAX: usize = 256;

/// The maximum length of a status word in bytes.
const STATUS_MAX: usize = 64;

pub(super) fn order(data: Value, signed_at: SystemTime) -> CallResult<Order> {
    let mut fields = Fields::new(data, Location::Data)?;
    let hp_order_id = fields.integer("order_id")?;
    let status = OrderStatus::from(&*status_word(&mut fields)?);
    let cards = order_cards(&mut fields, hp_order_id, &status)?;
    let create_time = fields.optional_integer("create_time");
    Ok(Order {
        hp_order_id,
        out_trade_id: fields.parse("out_trade_id")?,
        product_id: product_id(&mut fields)?,
        quantity: quantity(&mut fields)?,
        currency: fields.optional("currency"),
        par_value: fields.amount("par_value").ok(),
        unit_price: fields.amount("unit_price")?,
        total_price: fields.amount("total_price")?,
        reseller_discount: fields.optional_string("reseller_discount"),
        category_name: fields.optional_string("category_name"),
        product_name: fields.optional_string("product_name"),
        create_time,
        record_age: record_age(create_time, signed_at),
        status,
        cards,
    })
}

/// Returns how long before `signed_at` the vendor made the record. PHP makes 0 of a missing time.
///
/// The times of the cards say nothing: cards from stock are older than their order.
fn record_age(create_time: Option<i64>, signed_at: SystemTime) -> Option<Duration> {
    let created = create_time.filter(|seconds| *seconds > 0)?;
    let created = UNIX_EPOCH.checked_add(Duration::from_secs(created.try_into().ok()?))?;
    Some(signed_at.duration_since(created).unwrap_or_default())
}

/// Reads the cards of an order. Only an order that is not completed may have none.
fn order_cards(fields: &mut Fields, order: u64, status: &OrderStatus) -> CallResult<Vec<Card>> {
    let pins = match fields.take("order_pins") {
        Value::Null if *status != OrderStatus::Completed => return Ok(Vec::new()),
        Value::Null => return Err(fields.error("order_pins", "missing")),
        pins => elements(pins).ok_or_else(|| fields.error("order_pins", "not a list"))?,
    };
    let card = |(index, pin)| order_card(pin, index, order);
    pins.into_iter().enumerate().map(card).collect()
}

fn order_card(pin: Value, index: usize, order: u64) -> CallResult<Card> {
    let mut fields = Fields::new(pin, Location::Element("order_pins", index))?;
    let names_another = |id: u64| id != order;
    if fields
        .optional_integer("order_id")
        .is_some_and(names_another)
    {
        let field = format!("order_pins[{index}].order_id");
        return Err(CallError::Mismatch(Mismatch::Card(field)));
    }
    card_fields(fields)
}

pub(super) fn card(data: Value) -> CallResult<Card> {
    card_fields(Fields::new(data, Location::Data)?)
}

fn card_fields(mut fields: Fields) -> CallResult<Card> {
    Ok(Card {
        pin_sn: fields.parse("pin_sn")?,
        pin_key: pin_key(&mut fields)?,
        product_id: product_id(&mut fields).ok(),
        amount: fields.amount("amount").ok(),
        cost_price: fields.amount("cost_price").ok(),
        currency: fields.optional("currency"),
        status: status_word(&mut fields)
            .ok()
            .map(|word| CardStatus::from(&*word)),
        create_time: fields.optional_integer("create_time"),
        expire_time: fields.optional_integer("expire_time"),
        category_name: fields.optional_string("category_name"),
        product_name: fields.optional_string("product_name"),
    })
}

/// Reads a status. It must be one readable word, because logs and records show it.
fn status_word<'a>(fields: &mut Fields<'a>) -> CallResult<Cow<'a, str>> {
    let word = fields.text("status")?;
    let is_printable = word.bytes().all(|byte| byte.is_ascii_graphic());
    if word.len() > STATUS_MAX || !is_printable || !is_readable(&word) {
        return Err(fields.error("status", "not one word"));
    }
    Ok(word)
}

fn pin_key(fields: &mut Fields) -> CallResult<PinKey> {
    let key = fields.text("pin_key")?;
    if key.is_empty() || key.len() > PIN_KEY_MAX || key.chars().any(char::is_control) {
        return Err(fields.error("pin_key", "empty, too long, or has control characters"));
    }
    Ok(PinKey::from(key.into_owned()))
}

pub(super) fn product_id(fields: &mut Fields) -> CallResult<ProductId> {
    let number = fields.integer("product_id")?;
    ProductId::new(number).map_err(|why| fields.error("product_id", &why.to_string()))
}

fn quantity(fields: &mut Fields) -> CallResult<Quantity> {
    let number = fields.integer("quantity")?;
    Quantity::new(number).map_err(|why| fields.error("quantity", &why.to_string()))
}

/// Returns the elements of a list. PHP writes a list with gaps as an object, whose keys have no meaning.
pub(super) fn elements(list: Value) -> Option<Vec<Value>> {
    match list {
        Value::Null => Some(Vec::new()),
        Value::List(elements) => Some(elements),
        Value::Map(members) => Some(members.into_iter().map(|(_, element)| element).collect()),
        _ => None,
    }
}
