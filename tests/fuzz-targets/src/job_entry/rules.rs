//! What the queue protocol says of an entry of the inbox, in plain Rust.

use std::collections::HashMap;

/// The fields of an entry, as a producer sent them.
pub(crate) type Fields = Vec<(Vec<u8>, Vec<u8>)>;

const KNOWN: [&str; 7] = [
    "order_id",
    "product_id",
    "quantity",
    "deadline",
    "reply_to",
    "meta",
    "traceparent",
];
const STREAMS: &[u8] = b"{hp}:results:";

/// The fields that the protocol knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Job {
    values: HashMap<&'static str, Vec<u8>>,
    twice: Vec<&'static str>,
}

impl Job {
    pub(crate) fn read(fields: &Fields) -> Self {
        let mut job = Self::default();
        for (name, value) in fields {
            let Some(name) = KNOWN.iter().find(|known| known.as_bytes() == name) else {
                continue;
            };
            if job.values.insert(name, value.clone()).is_some() {
                job.twice.push(name);
            }
        }
        job
    }

    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.values.get(name).map(Vec::as_slice)
    }

    /// The order id, if the entry names an order.
    pub(crate) fn id(&self) -> Option<&str> {
        let id = self.get("order_id")?;
        let is_id = (1..=50).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic);
        let id = is_id.then(|| str::from_utf8(id).unwrap())?;
        (!self.twice.contains(&"order_id")).then_some(id)
    }

    pub(crate) fn is_sound(&self) -> bool {
        let is = |name, rule: fn(&[u8]) -> bool| self.get(name).is_none_or(rule);
        self.id().is_some()
            && self.twice.is_empty()
            && self
                .get("product_id")
                .is_some_and(|value| is_integer(value, (1 << 53) - 1))
            && self
                .get("quantity")
                .is_some_and(|value| is_integer(value, 10_000))
            && is("deadline", is_deadline)
            && is("meta", |value| value.len() <= 4096)
            && is("traceparent", is_traceparent)
            && is("reply_to", is_stream)
    }

    /// The stream for an answer that speaks of this entry.
    pub(crate) fn answer_stream(&self) -> &[u8] {
        match self.get("reply_to") {
            Some(name) if is_stream(name) && !self.twice.contains(&"reply_to") => name,
            _ => b"{hp}:results",
        }
    }

    /// Whether this entry repeats the job of that one.
    pub(crate) fn repeats(&self, first: &Self) -> bool {
        let is_same = |name| self.get(name) == first.get(name);
        let reply_to = self.get("reply_to");
        let has_own_stream = reply_to.is_some() && reply_to != first.get("reply_to");
        is_same("product_id") && is_same("quantity") && !has_own_stream
    }
}

/// Decimal digits without a leading zero, from 1 to `max`.
fn is_integer(value: &[u8], max: u64) -> bool {
    let is_plain = value.iter().all(u8::is_ascii_digit) && value.first() != Some(&b'0');
    let number = str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse().ok());
    is_plain && number.is_some_and(|number| (1..=max).contains(&number))
}

/// Unix milliseconds from the year 2001, of at most 15 digits.
fn is_deadline(value: &[u8]) -> bool {
    let is_number = value.iter().all(u8::is_ascii_digit) && (1..=15).contains(&value.len());
    is_number && str::from_utf8(value).unwrap().parse::<u64>().unwrap() >= 978_307_200_000
}

fn is_stream(value: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    value
        .strip_prefix(STREAMS)
        .is_some_and(|name| (1..=64).contains(&name.len()) && name.iter().all(is_allowed))
}

/// W3C Trace Context: version 00, or a later one, which may have more.
fn is_traceparent(value: &[u8]) -> bool {
    let Some((known, more)) = value.split_at_checked(55) else {
        return false;
    };
    let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let is_set = |part: &[u8]| part.iter().any(|byte| *byte != b'0');
    let parts: Vec<_> = known.split(|byte| *byte == b'-').collect();
    let [version, trace, parent, flags] = parts[..] else {
        return false;
    };
    let lengths = [version.len(), trace.len(), parent.len(), flags.len()];
    let has_more = version != b"00"
        && (2..=128).contains(&more.len())
        && more[0] == b'-'
        && more.iter().all(u8::is_ascii_graphic);
    lengths == [2, 32, 16, 2]
        && parts.iter().all(|part| part.iter().all(is_hex))
        && version != b"ff"
        && is_set(trace)
        && is_set(parent)
        && (more.is_empty() || has_more)
}
