//! Assertions about named fields of an entry, a ledger record or a JSON report.

use std::{
    collections::{BTreeMap, HashMap},
    hash::BuildHasher,
};

use serde_json::Value;

/// A record with named fields.
pub trait Fields {
    /// The field's value, `Null` if it is missing. A name such as `audit.agreed` names a field of a nested object.
    fn field(&self, name: &str) -> Value;

    /// The expected value in the form in which this kind of record stores it.
    fn stored_form(expected: Value) -> Value {
        expected
    }

    /// The whole record, for the failure message.
    fn render(&self) -> String;
}

/// An entry or a record of Redis. All values are text: the number 3 matches `"3"`.
impl<S: BuildHasher> Fields for HashMap<String, String, S> {
    fn field(&self, name: &str) -> Value {
        self.get(name)
            .map_or(Value::Null, |text| Value::from(&**text))
    }

    fn stored_form(expected: Value) -> Value {
        match expected {
            Value::Null | Value::String(_) => expected,
            other => Value::from(other.to_string()),
        }
    }

    fn render(&self) -> String {
        let sorted: BTreeMap<_, _> = self.iter().collect();
        format!("{sorted:#?}")
    }
}

impl<F: Fields + ?Sized> Fields for &F {
    fn field(&self, name: &str) -> Value {
        (**self).field(name)
    }

    fn stored_form(expected: Value) -> Value {
        F::stored_form(expected)
    }

    fn render(&self) -> String {
        (**self).render()
    }
}

impl Fields for Value {
    fn field(&self, name: &str) -> Value {
        let value = name.split('.').try_fold(self, |value, part| match value {
            Self::Array(items) => items.get(part.parse::<usize>().ok()?),
            _ => value.get(part),
        });
        value.cloned().unwrap_or(Self::Null)
    }

    fn render(&self) -> String {
        format!("{self:#}")
    }
}

/// Asserts that the fields have these values. The failure message lists each field that differs, and the whole record.
///
/// # Panics
/// If a field differs.
#[track_caller]
pub fn assert_fields<R: Fields>(record: &R, expected: &[(&str, Value)], context: &str) {
    let differences: Vec<_> = expected
        .iter()
        .filter_map(|(name, expected)| {
            let (expected, found) = (R::stored_form(expected.clone()), record.field(name));
            (expected != found).then(|| format!("  {name}: expected {expected}, found {found}"))
        })
        .collect();
    assert!(
        differences.is_empty(),
        "{context}fields differ:\n{}\nin {}",
        differences.join("\n"),
        record.render()
    );
}

/// Asserts fields of a record: `assert_fields!(record, { "state": "completed", "attempts": 1, "reason": None::<&str> })`.
/// A missing field equals `None`. Further arguments are the context, as in `assert!`.
#[macro_export]
macro_rules! assert_fields {
    ($record:expr, { $($name:literal : $value:expr),* $(,)? } $(,)?) => {
        $crate::assert_fields(&$record, &[$(($name, ::serde_json::json!($value))),*], "")
    };
    ($record:expr, { $($name:literal : $value:expr),* $(,)? }, $($context:tt)+) => {
        $crate::assert_fields(
            &$record,
            &[$(($name, ::serde_json::json!($value))),*],
            &(format!($($context)+) + ": "),
        )
    };
}
