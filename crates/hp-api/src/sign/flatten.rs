use std::io::Write;

use zeroize::Zeroizing;

use super::{
    compare::{self, Entry},
    float,
};
use crate::json::{self, JsonError, Member, Value};

/// Flattens the JSON text of a request's parameters or an answer's `data` into the text that is signed.
///
/// The result contains the values in the order of their keys, without keys and separators. `{}` and `[]` both give an
/// empty text.
///
/// ```
/// let flat = hp_api::sign::flatten(br#"{"quantity":3,"product_id":2,"list":["b","a"]}"#)?;
/// assert_eq!(flat, b"ab23");
/// # Ok::<(), hp_api::sign::JsonError>(())
/// ```
///
/// # Errors
/// [`JsonError`] if the vendor's PHP would not take the text for JSON, or if it is neither an object nor a list.
pub fn flatten(json: &[u8]) -> Result<Vec<u8>, JsonError> {
    // `data` is inside the envelope of the answer, which takes one level.
    match json::read(json, json::MAX_LEVELS - 1)? {
        value @ (Value::List(_) | Value::Map(_)) => {
            Ok(std::mem::take(&mut *flatten_value(&value, json.len())))
        }
        _ => Err(JsonError::new("neither an object nor a list", 0)),
    }
}

/// Flattens parameters whose names do not look like numbers.
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

/// Flattens a value. `capacity` is an estimate of the length of the result, which may contain card keys.
pub(crate) fn flatten_value(value: &Value, capacity: usize) -> Zeroizing<Vec<u8>> {
    let mut flattener = Flattener {
        out: Vec::with_capacity(capacity),
    };
    flattener.value(value);
    Zeroizing::new(flattener.out)
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
                // Writing to a vector cannot fail.
                let _ = write!(self.out, "{number}");
            }
            Value::Float(number) => float::write(&mut self.out, *number),
            Value::Text(text) => self.out.extend_from_slice(text.as_bytes()),
            Value::List(elements) => self.list(elements),
            Value::Map(members) => self.map(members),
        }
    }

    fn map(&mut self, members: &[Member]) {
        let entries: Vec<_> = members
            .iter()
            .map(|(key, _)| Entry::from_key(key))
            .collect();
        for index in compare::sorted(&entries) {
            self.value(&members[index as usize].1);
        }
    }

    /// Sorts a list by the flattened texts of its elements.
    fn list(&mut self, elements: &[Value]) {
        let start = self.out.len();
        let mut ends = Vec::with_capacity(elements.len());
        for element in elements {
            self.value(element);
            ends.push(self.out.len() - start);
        }
        if elements.len() > 1 {
            let joined = Zeroizing::new(self.out.split_off(start));
            let starts = std::iter::once(0).chain(ends.iter().copied());
            let texts: Vec<_> = starts
                .zip(&ends)
                .map(|(start, end)| &joined[start..*end])
                .collect();
            let entries: Vec<_> = texts.iter().map(|text| Entry::from_text(text)).collect();
            for index in compare::sorted(&entries) {
                self.out.extend_from_slice(texts[index as usize]);
            }
        }
    }
}
