//! Writing an object twice in one go: as JSON, and as the text that its signature covers.

use std::fmt::Write as _;

/// Data for an answer.
#[derive(Default)]
pub(crate) struct Signed {
    /// As it is sent.
    pub(crate) json: String,
    /// What `hp_api::sign::flatten` makes of it.
    pub(crate) flat: String,
}

#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Text(&'a str),
    Number(u64),
    Made(&'a Signed),
}

/// The fields of an object in the order in which they are sent. No name may look like a number:
/// only then does byte order agree with the order that the signature asks for.
pub(crate) struct Fields<'a, const N: usize>(pub(crate) [(&'static str, Value<'a>); N]);

impl<const N: usize> Fields<'_, N> {
    pub(crate) fn signed(mut self) -> Signed {
        let json = self.json();
        self.0.sort_unstable_by_key(|(name, _)| *name);
        Signed {
            json,
            flat: self.flat(),
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
                Value::Text(text) => push_text(&mut out, text),
                Value::Number(number) => push_number(&mut out, *number),
                Value::Made(made) => out.push_str(&made.json),
            }
        }
        out.push('}');
        out
    }

    fn flat(&self) -> String {
        let mut out = String::with_capacity(16 * N);
        for (_, value) in &self.0 {
            match value {
                Value::Text(text) => out.push_str(text),
                Value::Number(number) => push_number(&mut out, *number),
                Value::Made(made) => out.push_str(&made.flat),
            }
        }
        out
    }
}

fn push_number(out: &mut String, number: u64) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{number}");
}

pub(crate) fn push_text(out: &mut String, text: &str) {
    let plain = |b: u8| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\';
    if text.bytes().all(plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}
