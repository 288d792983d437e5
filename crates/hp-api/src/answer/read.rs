//! The documented shapes. Every field is asked for by name, because names are not signed.

use std::borrow::Cow;

use super::fields::{Fields, Place};
use crate::{
    call_error::{CallError, CallResult},
    json::{Key, Value},
    model::{Card, Mismatch, Order, Product},
    value::{CardStatus, OrderStatus, PinKey, ProductId, Quantity},
};

/// Longest key of a card. The documented ones have 16 characters.
const PIN_KEY_MAX: usize = 256;

/// Longest word for a status.
const STATUS_MAX: usize = 64;

pub(super) fn order(data: Value) -> CallResult<Order> {
    let mut fields = Fields::of(data, Place::Data)?;
    let hp_order_id = fields.number("order_id")?;
    let status = OrderStatus::from(&*status_word(&mut fields)?);
    let cards = order_cards(&mut fields, hp_order_id, &status)?;
    Ok(Order {
        hp_order_id,
        out_trade_id: fields.parse("out_trade_id")?,
        product_id: product_id(&mut fields)?,
        quantity: quantity(&mut fields)?,
        currency: fields.parse("currency")?,
        par_value: fields.parse("par_value")?,
        unit_price: fields.parse("unit_price")?,
        total_price: fields.parse("total_price")?,
        reseller_discount: fields.words("reseller_discount")?,
        category_name: fields.words("category_name")?,
        product_name: fields.words("product_name")?,
        create_time: fields.number("create_time")?,
        status,
        cards,
    })
}

/// Only an order that is not completed may come without its cards.
fn order_cards(fields: &mut Fields, order: u64, status: &OrderStatus) -> CallResult<Vec<Card>> {
    let pins = match fields.take("order_pins") {
        Value::Null if *status != OrderStatus::Completed => return Ok(Vec::new()),
        Value::Null => return Err(fields.wrong("order_pins", "missing")),
        pins => elements(pins).ok_or_else(|| fields.wrong("order_pins", "not a list"))?,
    };
    let row = |(index, pin)| order_card(pin, index, order);
    pins.into_iter().enumerate().map(row).collect()
}

fn order_card(pin: Value, index: usize, order: u64) -> CallResult<Card> {
    let mut fields = Fields::of(pin, Place::Element("order_pins", index))?;
    if fields.number::<u64>("order_id")? != order {
        let field = format!("order_pins[{index}].order_id");
        return Err(CallError::Mismatch(Mismatch::Card(field)));
    }
    card_fields(fields)
}

pub(super) fn card(data: Value) -> CallResult<Card> {
    card_fields(Fields::of(data, Place::Data)?)
}

fn card_fields(mut fields: Fields) -> CallResult<Card> {
    Ok(Card {
        pin_sn: fields.parse("pin_sn")?,
        pin_key: pin_key(&mut fields)?,
        product_id: product_id(&mut fields)?,
        amount: fields.parse("amount")?,
        cost_price: fields.parse("cost_price")?,
        currency: fields.parse("currency")?,
        status: CardStatus::from(&*status_word(&mut fields)?),
        create_time: fields.number("create_time")?,
        expire_time: fields.number("expire_time")?,
        category_name: fields.words("category_name")?,
        product_name: fields.words("product_name")?,
    })
}

/// A word, because it is shown to people and kept in records.
fn status_word<'a>(fields: &mut Fields<'a>) -> CallResult<Cow<'a, str>> {
    let word = fields.text("status")?;
    if word.len() > STATUS_MAX || !word.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(fields.wrong("status", "not a word"));
    }
    Ok(word)
}

fn pin_key(fields: &mut Fields) -> CallResult<PinKey> {
    let key = fields.text("pin_key")?;
    if key.is_empty() || key.len() > PIN_KEY_MAX || key.chars().any(char::is_control) {
        return Err(fields.wrong("pin_key", "empty, too long, or with control characters"));
    }
    Ok(PinKey::from(key.into_owned()))
}

pub(super) fn products(data: Value) -> CallResult<Vec<Product>> {
    let mut products = Vec::new();
    for (name, group) in groups(data) {
        let wrong = || CallError::Shape("a group of products: not a list".to_owned());
        for row in elements(group).ok_or_else(wrong)? {
            let fields = Fields::of(row, Place::Element("product", products.len()))?;
            products.push(product(fields, &name)?);
        }
    }
    Ok(products)
}

/// Groups by name. To PHP an object with the names 0, 1, 2 is a list, so a list has names as well.
fn groups(data: Value) -> Vec<(String, Value)> {
    let name = |key| match key {
        Key::Int(number) => number.to_string(),
        Key::Text(text) => text.into_owned(),
    };
    match data {
        Value::Map(members) => members
            .into_iter()
            .map(|(key, group)| (name(key), group))
            .collect(),
        Value::List(groups) => {
            let named = |(index, group): (usize, _)| (index.to_string(), group);
            groups.into_iter().enumerate().map(named).collect()
        }
        _ => Vec::new(),
    }
}

fn product(mut fields: Fields, group: &str) -> CallResult<Product> {
    Ok(Product {
        product_id: product_id(&mut fields)?,
        product_name: fields.words("product_name")?,
        category_name: fields.words("category_name")?,
        category_code: fields.words("category_code")?,
        region: fields.words("region")?,
        currency: fields.parse("currency")?,
        par_value: fields.parse("par_value")?,
        discount_rate: fields.words("discount_rate")?,
        max_fetch_quantity: fields.number("max_fetch_quantity")?,
        group: group.to_owned(),
    })
}

fn product_id(fields: &mut Fields) -> CallResult<ProductId> {
    let number = fields.number("product_id")?;
    ProductId::new(number).map_err(|why| fields.wrong("product_id", &why.to_string()))
}

fn quantity(fields: &mut Fields) -> CallResult<Quantity> {
    let number = fields.number("quantity")?;
    Quantity::new(number).map_err(|why| fields.wrong("quantity", &why.to_string()))
}

/// The elements of a list. PHP writes a list with gaps as an object; the keys say nothing then.
fn elements(list: Value) -> Option<Vec<Value>> {
    match list {
        Value::Null => Some(Vec::new()),
        Value::List(elements) => Some(elements),
        Value::Map(members) => Some(members.into_iter().map(|(_, element)| element).collect()),
        _ => None,
    }
}
