use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
};

use super::{Member, Value};

/// Name of a member.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key<'a> {
    /// The canonical decimal text of a 64-bit integer.
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

    /// Whether this is the name; `name` must not look like an integer.
    pub(crate) fn is(&self, name: &str) -> bool {
        matches!(self, Self::Text(text) if text == name)
    }
}

/// `0`, `-5`, `9223372036854775807`, but not `-0`, `+5`, `007`, `1.0`.
fn canonical_integer(name: &str) -> Option<i64> {
    let digits = name.strip_prefix('-').unwrap_or(name);
    let canonical = match digits.as_bytes() {
        [b'0'] => digits.len() == name.len(),
        [b'1'..=b'9', ..] => true,
        _ => false,
    };
    canonical.then(|| name.parse().ok()).flatten()
}

/// Makes a list or a map of an object's members, as PHP would.
pub(super) fn gather(members: Vec<Member<'_>>) -> Value<'_> {
    let members = without_repetitions(members);
    if is_list(&members) {
        return Value::List(members.into_iter().map(|(_, value)| value).collect());
    }
    Value::Map(members)
}

fn is_list(members: &[Member]) -> bool {
    (0i64..)
        .zip(members)
        .all(|(index, (key, _))| *key == Key::Int(index))
}

/// The last value of a repeated name counts, at the first place.
fn without_repetitions(members: Vec<Member>) -> Vec<Member> {
    if !has_repetitions(&members) {
        return members;
    }
    let mut places: HashMap<Key, usize> = HashMap::with_capacity(members.len());
    let mut unique: Vec<Member> = Vec::with_capacity(members.len());
    for (key, value) in members {
        match places.entry(key) {
            Entry::Occupied(place) => unique[*place.get()].1 = value,
            Entry::Vacant(place) => {
                unique.push((place.key().clone(), value));
                place.insert(unique.len() - 1);
            }
        }
    }
    unique
}

/// A quick no for the usual small object; large ones are always looked at closely.
fn has_repetitions(members: &[Member]) -> bool {
    let repeats = |(index, (key, _)): (usize, &Member)| {
        members[..index].iter().any(|(earlier, _)| earlier == key)
    };
    members.len() > 24 || members.iter().enumerate().any(repeats)
}
