//! PHP's loose comparison, which decides the order of keys and of list elements.

use std::cmp::Ordering;

use super::{numeric::Numeric, sort};
use crate::json::Key;

/// A key or a text, in the form in which PHP compares it.
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
    pub(super) fn from_text(text: &'a [u8]) -> Self {
        Numeric::parse(text).map_or(Self::Plain(text), |number| Self::Number(number, text))
    }

    pub(super) fn from_key(key: &'a Key) -> Self {
        match key {
            Key::Int(number) => Self::Integer(*number),
            Key::Text(text) => Self::from_text(text.as_bytes()),
        }
    }

    /// Compares two entries. The comparison is not transitive: `"9" < "10"` as numbers, but `"10" < "1a"` and
    /// `"1a" < "9"` as bytes.
    fn compare(self, other: Self) -> Ordering {
        use Entry::{Integer, Number, Plain};
        match (self, other) {
            (Plain(a), Plain(b) | Number(_, b)) | (Number(_, a), Plain(b)) => a.cmp(b),
            (Number(a, a_text), Number(b, b_text)) => {
                a.compare(b).unwrap_or_else(|| a_text.cmp(b_text))
            }
            (Integer(a), Integer(b)) => a.cmp(&b),
            (Integer(a), Number(b, _)) => compare_integer_key(a, b),
            (Integer(a), Plain(b)) => a.to_string().as_bytes().cmp(b),
            (Number(..) | Plain(_), Integer(_)) => other.compare(self).reverse(),
        }
    }
}

/// Compares an integer key with a numeric text: as floats even beyond 64 bits, unlike two texts.
fn compare_integer_key(key: i64, text: Numeric) -> Ordering {
    match text {
        Numeric::Int(number) => key.cmp(&number),
        Numeric::Float { value, .. } => {
            let key = Numeric::Int(key).as_float();
            key.partial_cmp(&value).unwrap_or(Ordering::Equal)
        }
    }
}

/// Returns the indexes of the entries in sorted order. Equal entries keep their order of appearance.
pub(super) fn sorted(entries: &[Entry]) -> Vec<u32> {
    if let Some(indexes) = sorted_as_bytes(entries) {
        return indexes;
    }
    let entry = |index: u32| entries[index as usize];
    let mut indexes: Vec<u32> = (0..).zip(entries).map(|(index, _)| index).collect();
    sort::sort(&mut indexes, &|a, b| {
        entry(a).compare(entry(b)).then(a.cmp(&b)).is_gt()
    });
    indexes
}

/// Sorts entries of which none looks like a number, which is the usual case. Returns `None` if one does.
///
/// Bytes decide then, so any sort gives the result of PHP's sort. Equal entries have the same text.
fn sorted_as_bytes(entries: &[Entry]) -> Option<Vec<u32>> {
    let with_prefix = |(index, entry): (u32, &Entry<'_>)| match entry {
        Entry::Plain(text) => Some((prefix(text), index)),
        _ => None,
    };
    let mut keyed: Vec<_> = (0..).zip(entries).map(with_prefix).collect::<Option<_>>()?;
    let text = |index: u32| match entries[index as usize] {
        Entry::Plain(text) => text,
        _ => b"",
    };
    keyed.sort_unstable_by(|(a, a_index), (b, b_index)| {
        a.cmp(b).then_with(|| text(*a_index).cmp(text(*b_index)))
    });
    Some(keyed.into_iter().map(|(_, index)| index).collect())
}

/// Returns the first eight bytes as a number that sorts in the same way. Most texts differ there.
fn prefix(text: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = text.len().min(8);
    first[..length].copy_from_slice(&text[..length]);
    u64::from_be_bytes(first)
}
