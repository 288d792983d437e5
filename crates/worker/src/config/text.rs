//! Deserializes settings as text. Environment variables are text, so a number in the file is one too.

use std::{collections::BTreeMap, fmt};

use config::{Value, ValueKind};
use serde::{
    Deserialize,
    de::{
        self, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor, value::MapDeserializer,
    },
    forward_to_deserialize_any,
};

/// Why a setting is refused. Shows a value only if the type of the setting shows it: others may be secret.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Unknown,
    Empty,
    /// Continues the sentence that begins with the key of the setting.
    Because(String),
}

impl std::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("is unknown"),
            Self::Empty => f.write_str("is empty"),
            Self::Because(reason) => f.write_str(reason),
        }
    }
}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::Because(reason.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Because(format!("must be {expected}."))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Because(format!("must be {expected}."))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::Because(format!(
            "is `{variant}`. Choose one of {}.",
            expected.join(", ")
        ))
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown
    }
}

/// A text that may be empty. Every other setting refuses the empty text: an environment variable that lost its value must not
/// count as one that was never set.
#[derive(Deserialize)]
pub(super) struct MayBeEmpty(pub(super) String);

/// A value or a table of the merged layers.
pub(super) struct Node(ValueKind);

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self(value.kind)
    }
}

impl Node {
    /// Returns the text of a single value that must not be empty.
    fn text(self) -> Result<String, Refusal> {
        let text = self.text_or_empty()?;
        if text.trim().is_empty() {
            return Err(Refusal::Empty);
        }
        Ok(text)
    }

    fn table<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let ValueKind::Table(table) = self.0 else {
            if matches!(self.text(), Err(Refusal::Empty)) {
                return Err(Refusal::Empty);
            }
            return Err(de::Error::invalid_type(
                Unexpected::Other("value"),
                &visitor,
            ));
        };
        // Sorted, so that the same settings always give the same error.
        let table = BTreeMap::from_iter(table).into_iter();
        MapDeserializer::new(table.map(|(key, value)| (key, Self(value.kind))))
            .deserialize_any(visitor)
    }

    fn text_or_empty(self) -> Result<String, Refusal> {
        match self.0 {
            ValueKind::Table(_) => Err(Refusal::Because("must be one value, not a table.".into())),
            ValueKind::Array(_) => Err(Refusal::Because("must be one value, not a list.".into())),
            value => Ok(value.to_string()),
        }
    }
}

impl<'de> Deserializer<'de> for Node {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match &self.0 {
            ValueKind::Nil => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    /// The only newtype that is read as such is [`MayBeEmpty`].
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self.text_or_empty()?.into_deserializer())
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_enum(self.text()?.into_deserializer())
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.table(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.table(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Refusal> for Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
