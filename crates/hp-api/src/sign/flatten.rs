use std::io::Write;

use super::{
    float,
    order::{self, Entry},
};
use crate::json::{self, JsonError, Member, Value};

/// The text that is signed for the JSON text of a request's parameters or an answer's `data`: the
/// values in the order of their keys, without keys and separators.
///
/// To the signature `{}` and `[]` are the same, empty text.
///
/// ```
/// let flat = hp_api::sign::flatten(br#"{"quantity":3,"product_id":2,"list":["b","a"]}"#)?;
/// assert_eq!(flat, b"ab23");
/// # Ok::<(), hp_api::sign::JsonError>(())
/// ```
///
/// # Errors
/// When the vendor's PHP would not take it for JSON, or it is neither an object nor a list.
pub fn flatten(json: &[u8]) -> Result<Vec<u8>, JsonError> {
    // One level less than a whole answer has: `data` stands inside its envelope.
    match json::read(json, json::LEVELS - 1)? {
        value @ (Value::List(_) | Value::Map(_)) => Ok(flatten_value(&value, json.len())),
        _ => Err(JsonError::new("neither an object nor a list", 0)),
    }
}

/// The text that is signed for parameters whose names do not look like numbers.
pub(crate) fn flatten_params<N: AsRef<str>, V: AsRef<str>>(params: &[(N, V)]) -> Vec<u8> {
    let mut in_order: Vec<_> = params
        .iter()
        .map(|(name, value)| (name.as_ref(), value.as_ref()))
        .collect();
    in_order.sort_by_key(|(name, _)| *name);
    in_order
        .into_iter()
        .flat_map(|(_, value)| value.bytes())
        .collect()
}

/// `length` is a guess at how long the text will be.
pub(crate) fn flatten_value(value: &Value, length: usize) -> Vec<u8> {
    let mut flattener = Flattener {
        out: Vec::with_capacity(length),
    };
    flattener.value(value);
    flattener.out
}

struct Flattener {
    out: Vec<u8>,
}

impl Flattener {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Null | Value::Bool(false) => {}
            Value::Bool(true) => self.out.push(b'1'),
            Value::Int(number) => {
                // A vector takes every write.
                let _ = write!(self.out, "{number}");
            }
            Value::Float(number) => float::write(&mut self.out, *number),
            Value::Text(text) => self.out.extend_from_slice(text.as_bytes()),
            Value::List(elements) => self.list(elements),
            Value::Map(members) => self.map(members),
        }
    }

    fn map(&mut self, members: &[Member]) {
        let entries: Vec<_> = members.iter().map(|(key, _)| Entry::of_key(key)).collect();
        for place in order::sorted(&entries) {
            self.value(&members[place as usize].1);
        }
    }

    /// A list is sorted by the finished texts of its elements.
    fn list(&mut self, elements: &[Value]) {
        let start = self.out.len();
        let mut ends = Vec::with_capacity(elements.len());
        for element in elements {
            self.value(element);
            ends.push(self.out.len() - start);
        }
        if elements.len() > 1 {
            let texts = self.out.split_off(start);
            let begins = std::iter::once(0).chain(ends.iter().copied());
            let texts: Vec<_> = begins
                .zip(&ends)
                .map(|(from, to)| &texts[from..*to])
                .collect();
            let entries: Vec<_> = texts.iter().map(|text| Entry::of_text(text)).collect();
            for place in order::sorted(&entries) {
                self.out.extend_from_slice(texts[place as usize]);
            }
        }
    }
}
