use std::collections::{HashMap, hash_map::Entry};

use super::{
    key::Key,
    value::{Member, Value},
};

/// Up to this many members, comparing each pair is cheaper than a map.
const SMALL: usize = 24;

/// Makes a list or a map from the members of an object, as PHP does.
pub(super) fn from_members(members: Vec<Member<'_>>) -> Value<'_> {
    from_unique(merge_repeated(members))
}

/// Makes a list or a map from members of which none has a repeated name.
fn from_unique(members: Vec<Member<'_>>) -> Value<'_> {
    if is_list(&members) {
        return Value::List(members.into_iter().map(|(_, value)| value).collect());
    }
    Value::Map(members)
}

/// Like [`from_members`], or returns `None` if a name is repeated.
pub(super) fn from_unambiguous_members(members: Vec<Member<'_>>) -> Option<Value<'_>> {
    let count = members.len();
    let members = merge_repeated(members);
    (members.len() == count).then(|| from_unique(members))
}

fn is_list(members: &[Member]) -> bool {
    (0i64..)
        .zip(members)
        .all(|(index, (key, _))| *key == Key::Int(index))
}

/// Keeps the last value of a repeated name, at the first place.
fn merge_repeated(members: Vec<Member>) -> Vec<Member> {
    if members.len() <= SMALL && !has_repeated(&members) {
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

fn has_repeated(members: &[Member]) -> bool {
    let repeats = |(index, (key, _)): (usize, &Member)| {
        members[..index].iter().any(|(earlier, _)| earlier == key)
    };
    members.iter().enumerate().any(repeats)
}
