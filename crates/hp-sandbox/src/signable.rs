//! Writes a JSON object together with the text that its signature covers.

use std::fmt::Write as _;

/// The `data` of an answer.
#[derive(Default)]
pub(crate) struct Signable {
    pub(crate) json: String,
    /// The same text that `hp_api::sign::flatten` makes of `json`.
    pub(crate) signed_text: String,
}

#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Text(&'a str),
    Number(u64),
    Null,
    Nested(&'a Signable),
}

/// The fields of an object in the order in which they are sent.
///
/// No name may look like a number: only then is byte order the order that the signature needs.
pub(crate) struct Fields<'a, const N: usize>(pub(crate) [(&'static str, Value<'a>); N]);

impl<'a, const N: usize> Fields<'a, N> {
    /// Replaces the value of a field.
    pub(crate) fn set(&mut self, name: &str, value: Value<'a>) {
        if let Some((_, old)) = self.0.iter_mut().find(|(known, _)| *known == name) {
            *old = value;
        }
    }

    /// Sets all fields but these to null.
    pub(crate) fn keep_only(mut self, names: &[&str]) -> Self {
        for (name, value) in &mut self.0 {
            if !names.contains(name) {
                *value = Value::Null;
            }
        }
        self
    }

    pub(crate) fn signable(mut self) -> Signable {
        let json = self.json();
        self.0.sort_unstable_by_key(|(name, _)| *name);
        Signable {
            json,
            signed_text: self.concat_values(),
        }
    }

    fn json(&self) -> String {
        let mut out = String::with_capacity(40 * N);
        for (name, value) in &self.0 {
            out.push(if out.is_empty() { '{' } else { ',' });
            out.push('"');
            out.push_str(name);
            out.push_str("\":");
            match value {
                Value::Text(text) => push_json_string(&mut out, text),
                Value::Number(number) => push_number(&mut out, *number),
                Value::Null => out.push_str("null"),
                Value::Nested(data) => out.push_str(&data.json),
            }
        }
        out.push('}');
        out
    }

    fn concat_values(&self) -> String {
        let mut out = String::with_capacity(16 * N);
        for (_, value) in &self.0 {
            match value {
                Value::Text(text) => out.push_str(text),
                Value::Number(number) => push_number(&mut out, *number),
                Value::Null => {}
                Value::Nested(data) => out.push_str(&data.signed_text),
            }
        }
        out
    }
}

fn push_number(out: &mut String, number: u64) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{number}");
}

/// Appends a JSON string. Text that needs no escaping takes the fast path.
pub(crate) fn push_json_string(out: &mut String, text: &str) {
    let needs_no_escape = |b: u8| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\';
    if text.bytes().all(needs_no_escape) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}
