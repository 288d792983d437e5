use std::{borrow::Cow, str::FromStr};

use crate::{
    call_error::{CallError, CallResult},
    json::Value,
    value::Invalid,
};

/// The fields of one object, taken out by name. Errors say where and what, never a value: text can
/// have been moved between fields, so any value may hold a part of a card's key.
pub(super) struct Fields<'a> {
    object: Value<'a>,
    place: Place,
}

/// Where an object stands in the data.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Data,
    Element(&'static str, usize),
}

impl<'a> Fields<'a> {
    pub(super) fn of(object: Value<'a>, place: Place) -> CallResult<Self> {
        let fields = Self { object, place };
        match fields.object {
            Value::Map(_) => Ok(fields),
            _ => Err(fields.wrong("", "no object")),
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Value<'a> {
        self.object.take(name).unwrap_or(Value::Null)
    }

    pub(super) fn text(&mut self, name: &str) -> CallResult<Cow<'a, str>> {
        match self.take(name) {
            Value::Text(text) => Ok(text),
            Value::Null => Err(self.wrong(name, "missing")),
            _ => Err(self.wrong(name, "not text")),
        }
    }

    /// Text of any content.
    pub(super) fn words(&mut self, name: &str) -> CallResult<String> {
        self.text(name).map(Cow::into_owned)
    }

    /// Text of a certain form.
    pub(super) fn parse<T: FromStr<Err = Invalid>>(&mut self, name: &str) -> CallResult<T> {
        let text = self.text(name)?;
        text.parse()
            .map_err(|why: Invalid| self.wrong(name, &why.to_string()))
    }

    /// A JSON integer within the range of the wanted type.
    pub(super) fn number<T: TryFrom<i64>>(&mut self, name: &str) -> CallResult<T> {
        match self.take(name) {
            Value::Int(number) => T::try_from(number).map_err(|_| self.wrong(name, "out of range")),
            Value::Null => Err(self.wrong(name, "missing")),
            _ => Err(self.wrong(name, "not an integer")),
        }
    }

    pub(super) fn wrong(&self, name: &str, why: &str) -> CallError {
        CallError::Shape(match self.place {
            Place::Data if name.is_empty() => format!("data: {why}"),
            Place::Data => format!("{name}: {why}"),
            Place::Element(list, index) => {
                let point = if name.is_empty() { "" } else { "." };
                format!("{list}[{index}]{point}{name}: {why}")
            }
        })
    }
}
