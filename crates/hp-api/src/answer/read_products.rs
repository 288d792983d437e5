//! Reads the product list. One odd row must not make the whole list unusable.

use std::collections::HashSet;

use super::{
    fields::{Fields, Location},
    read::{elements, product_id},
};
use crate::{
    call_error::{CallError, CallResult},
    json::{Key, Value},
    model::{Product, ProductList, SkippedProduct},
    value::ProductId,
};

/// Reads the rows that can be read. Fails if there are rows, but none can be read: the data is no product list.
pub(super) fn products(data: Value) -> CallResult<ProductList> {
    let mut reader = Reader::default();
    for (name, group) in groups(data) {
        match elements(group) {
            Some(rows) => rows.into_iter().for_each(|row| reader.read(row, &name)),
            None => reader.skip(None, "a group of products: not a list".to_owned()),
        }
    }
    match &reader.list.skipped[..] {
        [first, ..] if reader.list.products.is_empty() => {
            Err(CallError::Shape(first.reason.clone()))
        }
        _ => Ok(reader.list),
    }
}

#[derive(Default)]
struct Reader {
    list: ProductList,
    known: HashSet<ProductId>,
    rows: usize,
}

impl Reader {
    fn read(&mut self, row: Value, group: &str) {
        let location = Location::Element("product", self.rows);
        self.rows += 1;
        let mut fields = match Fields::new(row, location) {
            Ok(fields) => fields,
            Err(error) => return self.skip(None, reason(error)),
        };
        let id = match product_id(&mut fields) {
            Ok(id) => id,
            Err(error) => return self.skip(None, reason(error)),
        };
        if !self.known.insert(id) {
            let twice = fields.error("product_id", "in the list before");
            return self.skip(Some(id), reason(twice));
        }
        match product(fields, id, group) {
            Ok(product) => self.list.products.push(product),
            Err(error) => self.skip(Some(id), reason(error)),
        }
    }

    fn skip(&mut self, product_id: Option<ProductId>, reason: String) {
        self.list
            .skipped
            .push(SkippedProduct { product_id, reason });
    }
}

/// Returns the text of a [`CallError::Shape`] alone.
fn reason(error: CallError) -> String {
    match error {
        CallError::Shape(why) => why,
        other => other.to_string(),
    }
}

/// Returns the groups with their names. PHP takes an object with the names 0, 1, 2 for a list, so a list has names too.
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

fn product(mut fields: Fields, product_id: ProductId, group: &str) -> CallResult<Product> {
    Ok(Product {
        product_id,
        product_name: fields.optional_string("product_name"),
        category_name: fields.optional_string("category_name"),
        category_code: fields.optional_string("category_code"),
        region: fields.optional_string("region"),
        currency: fields.parse("currency")?,
        par_value: fields.parse("par_value")?,
        discount_rate: fields.optional_string("discount_rate"),
        max_fetch_quantity: fields.integer("max_fetch_quantity")?,
        group: group.to_owned(),
    })
}
