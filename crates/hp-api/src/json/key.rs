use std::borrow::Cow;

/// The name of a member.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key<'a> {
    /// A name that is the canonical decimal text of a 64-bit integer.
    Int(i64),
    Text(Cow<'a, str>),
}

impl<'a> Key<'a> {
    pub(crate) fn new(name: Cow<'a, str>) -> Self {
        match canonical_integer(&name) {
            Some(number) => Self::Int(number),
            None => Self::Text(name),
        }
    }

    /// Returns `true` if this is the given name, which must not look like an integer.
    pub(crate) fn is(&self, name: &str) -> bool {
        matches!(self, Self::Text(text) if text == name)
    }
}

/// Parses `0`, `-5`, `9223372036854775807`, but not `-0`, `+5`, `007`, `1.0`.
fn canonical_integer(name: &str) -> Option<i64> {
    let digits = name.strip_prefix('-').unwrap_or(name);
    let is_canonical = match digits.as_bytes() {
        [b'0'] => digits.len() == name.len(),
        [b'1'..=b'9', ..] => true,
        _ => false,
    };
    is_canonical.then(|| name.parse().ok()).flatten()
}
