//! JSON as PHP reads it, because the signature is over what PHP makes of it.
//!
//! What differs from a common reader: members keep their order of appearance and a repeated name
//! counts with its last value at its first place; names that look like integers *are* integers; an
//! object with the names 0, 1, 2, ... in this order is a list; integers beyond 64 bits become floats,
//! and floats beyond their range become infinite; 512 levels are too many.

mod error;
mod key;
mod number;
mod reader;
mod text;

use std::borrow::Cow;

pub use error::JsonError;
pub(crate) use key::Key;

/// Most levels that PHP's reader takes: one below its limit of 512.
pub(crate) const LEVELS: usize = 511;

/// A JSON value. Text without escapes is borrowed from what was read.
#[derive(Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    /// A list, or an object that PHP takes for one.
    List(Vec<Value<'a>>),
    /// Names are unique, in order of appearance.
    Map(Vec<Member<'a>>),
}

pub(crate) type Member<'a> = (Key<'a>, Value<'a>);

/// Reads a whole JSON text of at most so many levels.
pub(crate) fn read(json: &[u8], levels: usize) -> Result<Value<'_>, JsonError> {
    reader::Reader::new(json, levels)?.whole()
}

impl<'a> Value<'a> {
    /// Takes a member out of an object.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value<'a>> {
        let Self::Map(members) = self else {
            return None;
        };
        let member = members.iter_mut().find(|(key, _)| key.is(name))?;
        Some(std::mem::replace(&mut member.1, Value::Null))
    }
}
