use std::{borrow::Cow, str::FromStr};

use crate::{
    call_error::{CallError, CallResult},
    json::Value,
    value::{Invalid, Money},
};

/// The fields of one object, read by name.
///
/// Errors contain the location and the reason, never a value. Text can be moved between fields without breaking the
/// signature, so any value may contain a part of a card's key.
pub(super) struct Fields<'a> {
    object: Value<'a>,
    location: Location,
}

/// The location of an object in the data.
#[derive(Clone, Copy)]
pub(super) enum Location {
    Data,
    Element(&'static str, usize),
}

impl<'a> Fields<'a> {
    pub(super) fn new(object: Value<'a>, location: Location) -> CallResult<Self> {
        let fields = Self { object, location };
        match fields.object {
            Value::Map(_) => Ok(fields),
            _ => Err(fields.error("", "not an object")),
        }
    }

    /// Takes a field of any type. A missing field gives null.
    pub(super) fn take(&mut self, name: &str) -> Value<'a> {
        self.object.take(name).unwrap_or(Value::Null)
    }

    /// Reads text of any content.
    pub(super) fn text(&mut self, name: &str) -> CallResult<Cow<'a, str>> {
        match self.take(name) {
            Value::Text(text) => Ok(text),
            Value::Null => Err(self.error(name, "missing")),
            _ => Err(self.error(name, "not text")),
        }
    }

    /// Reads text of any content into a new string.
    pub(super) fn string(&mut self, name: &str) -> CallResult<String> {
        self.text(name).map(Cow::into_owned)
    }

    /// Reads text of a certain format.
    pub(super) fn parse<T: FromStr<Err = Invalid>>(&mut self, name: &str) -> CallResult<T> {
        let text = self.text(name)?;
        text.parse()
            .map_err(|why: Invalid| self.error(name, &why.to_string()))
    }

    /// Reads an amount with up to two decimals.
    pub(super) fn amount(&mut self, name: &str) -> CallResult<Money> {
        let text = self.text(name)?;
        Money::parse_short(&text).map_err(|why| self.error(name, &why.to_string()))
    }

    /// Reads a JSON integer in the range of the type.
    pub(super) fn integer<T: TryFrom<i64>>(&mut self, name: &str) -> CallResult<T> {
        match self.take(name) {
            Value::Int(number) => T::try_from(number).map_err(|_| self.error(name, "out of range")),
            Value::Null => Err(self.error(name, "missing")),
            _ => Err(self.error(name, "not an integer")),
        }
    }

    /// Reads descriptive text. Another type counts as absent.
    pub(super) fn optional_string(&mut self, name: &str) -> Option<String> {
        self.string(name).ok()
    }

    /// Reads descriptive text of a certain format. Another type or format counts as absent.
    pub(super) fn optional<T: FromStr<Err = Invalid>>(&mut self, name: &str) -> Option<T> {
        self.parse(name).ok()
    }

    /// Reads a descriptive integer. Another type counts as absent.
    pub(super) fn optional_integer<T: TryFrom<i64>>(&mut self, name: &str) -> Option<T> {
        self.integer(name).ok()
    }

    pub(super) fn error(&self, name: &str, why: &str) -> CallError {
        CallError::Shape(match self.location {
            Location::Data if name.is_empty() => format!("data: {why}"),
            Location::Data => format!("{name}: {why}"),
            Location::Element(list, index) => {
                let separator = if name.is_empty() { "" } else { "." };
                format!("{list}[{index}]{separator}{name}: {why}")
            }
        })
    }
}
