//! The order in which PHP puts keys and texts: its loose comparison.

use std::cmp::Ordering;

use super::{numeric::Numeric, sort};
use crate::json::Key;

/// A key or a text, as PHP compares it.
#[derive(Clone, Copy)]
pub(super) enum Entry<'a> {
    /// A key that is an integer.
    Integer(i64),
    /// Text that looks like a number.
    Number(Numeric, &'a [u8]),
    /// Any other text.
    Plain(&'a [u8]),
}

impl<'a> Entry<'a> {
    pub(super) fn of_text(text: &'a [u8]) -> Self {
        Numeric::of(text).map_or(Self::Plain(text), |number| Self::Number(number, text))
    }

    pub(super) fn of_key(key: &'a Key) -> Self {
        match key {
            Key::Int(number) => Self::Integer(*number),
            Key::Text(text) => Self::of_text(text.as_bytes()),
        }
    }

    /// Not transitive: `"9" < "10"` as numbers, `"10" < "1a"` and `"1a" < "9"` as bytes.
    fn compare(self, other: Self) -> Ordering {
        use Entry::{Integer, Number, Plain};
        match (self, other) {
            (Plain(a), Plain(b) | Number(_, b)) | (Number(_, a), Plain(b)) => a.cmp(b),
            (Number(a, a_text), Number(b, b_text)) => {
                a.order(b).unwrap_or_else(|| a_text.cmp(b_text))
            }
            (Integer(a), Integer(b)) => a.cmp(&b),
            (Integer(a), Number(b, _)) => with_integer(a, b),
            (Integer(a), Plain(b)) => a.to_string().as_bytes().cmp(b),
            (Number(..) | Plain(_), Integer(_)) => other.compare(self).reverse(),
        }
    }
}

/// Unlike two texts, an integer key and a text are compared as floats even beyond 64 bits.
fn with_integer(key: i64, text: Numeric) -> Ordering {
    match text {
        Numeric::Int(number) => key.cmp(&number),
        Numeric::Float { value, .. } => {
            let key = Numeric::Int(key).as_float();
            key.partial_cmp(&value).unwrap_or(Ordering::Equal)
        }
    }
}

/// Sorts places by the entries that stand there; ties keep the order of appearance.
pub(super) fn put(places: &mut [u32], entries: &[Entry]) {
    let at = |place: u32| entries[place as usize];
    if entries.iter().all(|entry| matches!(entry, Entry::Plain(_))) {
        // Bytes have one order, whatever the steps of the sort; equal ones are the same text.
        places.sort_unstable_by(|a, b| at(*a).compare(at(*b)));
        return;
    }
    sort::sort(places, &|a, b| at(a).compare(at(b)).then(a.cmp(&b)).is_gt());
}
