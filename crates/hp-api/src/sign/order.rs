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

/// The places 0, 1, 2, ... in the order of the entries that stand there; ties keep their order.
pub(super) fn sorted(entries: &[Entry]) -> Vec<u32> {
    if let Some(places) = sorted_as_bytes(entries) {
        return places;
    }
    let at = |place: u32| entries[place as usize];
    let mut places: Vec<u32> = (0..).zip(entries).map(|(place, _)| place).collect();
    sort::sort(&mut places, &|a, b| {
        at(a).compare(at(b)).then(a.cmp(&b)).is_gt()
    });
    places
}

/// The usual case: nothing looks like a number, so bytes decide. They have one order, whatever the
/// steps of the sort, and equal ones are the same text.
fn sorted_as_bytes(entries: &[Entry]) -> Option<Vec<u32>> {
    let plain = |(place, entry): (u32, &Entry<'_>)| match entry {
        Entry::Plain(text) => Some((beginning(text), place)),
        _ => None,
    };
    let mut keyed: Vec<_> = (0..).zip(entries).map(plain).collect::<Option<_>>()?;
    let rest = |place: u32| match entries[place as usize] {
        Entry::Plain(text) => text,
        _ => b"",
    };
    keyed.sort_unstable_by(|(a, a_place), (b, b_place)| {
        a.cmp(b).then_with(|| rest(*a_place).cmp(rest(*b_place)))
    });
    Some(keyed.into_iter().map(|(_, place)| place).collect())
}

/// The first eight bytes as a number of the same order: most texts differ there.
fn beginning(text: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = text.len().min(8);
    first[..length].copy_from_slice(&text[..length]);
    u64::from_be_bytes(first)
}
