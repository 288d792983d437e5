use std::{collections::HashMap, str::FromStr};

use redis::Value;

use crate::error::QueueError;

/// A flat list of names and values on its way to Redis.
pub(crate) type Fields = Vec<(&'static str, String)>;

/// Reads a flat list of names and values, as scripts and HGETALL answer it.
#[derive(Clone, Copy)]
pub(crate) struct FieldReader<'a>(&'a [Value]);

impl<'a> FieldReader<'a> {
    pub(crate) fn new(value: &'a Value) -> Self {
        Self(list(value))
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        self.0.chunks_exact(2).find_map(|pair| match pair {
            [Value::BulkString(key), value] if key == name.as_bytes() => Some(value),
            _ => None,
        })
    }

    /// `true` if there is such a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    pub(crate) fn bytes(&self, name: &str) -> Option<&'a [u8]> {
        match self.value(name) {
            Some(Value::BulkString(bytes)) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.bytes(name)
            .and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// A value that people wrote, for people: what is not UTF-8 is replaced.
    pub(crate) fn words(&self, name: &str) -> Option<String> {
        self.bytes(name)
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// The items of a list. Empty if there is no such list.
    pub(crate) fn list(&self, name: &str) -> &'a [Value] {
        self.value(name).map_or(&[], list)
    }

    /// A list of texts. Replaces what is not UTF-8.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        self.list(name).iter().filter_map(to_text).collect()
    }

    /// A list of lists of texts. Replaces what is not UTF-8.
    pub(crate) fn lists(&self, name: &str) -> impl Iterator<Item = Vec<String>> {
        let lists = self.list(name).iter().map(list);
        lists.map(|words| words.iter().filter_map(to_text).collect())
    }

    /// A list as pairs of texts. Replaces what is not UTF-8.
    pub(crate) fn pairs(&self, name: &str) -> Vec<(String, String)> {
        FieldReader(self.list(name)).all()
    }

    /// All names and values. Replaces what is not UTF-8, and leaves out values that are lists.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        let pairs = self.0.chunks_exact(2);
        pairs
            .filter_map(|pair| Some((to_text(&pair[0])?, to_text(&pair[1])?)))
            .collect()
    }

    /// A list of pairs, by the first text of each. Leaves out values that are no `T`.
    pub(crate) fn map<T: FromStr>(&self, name: &str) -> HashMap<String, T> {
        let pairs = self.pairs(name).into_iter();
        pairs
            .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
            .collect()
    }

    /// Parses a value, if there is one. The error names the field at fault.
    pub(crate) fn parse<T: FromStr>(&self, name: &str) -> Result<Option<T>, String> {
        match self.text(name) {
            None => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|_| format!("`{name}` is `{text}`")),
        }
    }

    /// Parses a value that must be there. The error names the field at fault.
    pub(crate) fn need<T: FromStr>(&self, name: &str) -> Result<T, String> {
        self.parse(name)?
            .ok_or_else(|| format!("`{name}` is missing"))
    }

    /// Parses a value that the script always answers.
    pub(crate) fn answer<T: FromStr>(&self, name: &str) -> Result<T, QueueError> {
        self.need(name).map_err(QueueError::Protocol)
    }
}

fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        _ => &[],
    }
}

fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::FieldReader;

    fn bulk(bytes: &[u8]) -> Value {
        Value::BulkString(bytes.to_vec())
    }

    #[test]
    fn words_that_are_not_utf8_are_present() {
        let paused = Value::Array(vec![bulk(b"reason"), bulk(b"\xd3\xe0")]);
        let answer = Value::Array(vec![bulk(b"paused"), paused]);
        let nested = FieldReader::new(&answer).map::<String>("paused");
        assert_eq!(nested["reason"], "\u{fffd}\u{fffd}");
        let answer = Value::Array(vec![bulk(b"paused"), bulk(b"\xd3\xe0")]);
        let words = FieldReader::new(&answer).words("paused");
        assert_eq!(words.as_deref(), Some("\u{fffd}\u{fffd}"));
    }
}
