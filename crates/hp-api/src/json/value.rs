use std::borrow::Cow;

use super::key::Key;

/// A JSON value. Text without escapes is borrowed from the input.
#[derive(Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    /// A list, or an object that PHP takes for one.
    List(Vec<Value<'a>>),
    /// Members in order of appearance, with unique names.
    Map(Vec<Member<'a>>),
}

pub(crate) type Member<'a> = (Key<'a>, Value<'a>);

impl<'a> Value<'a> {
    /// Takes a member out of an object and leaves null in its place.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let Self::Map(members) = self else {
            return None;
        };
        let member = members.iter_mut().find(|(key, _)| key.is(name))?;
        Some(std::mem::replace(&mut member.1, Value::Null))
    }
}
