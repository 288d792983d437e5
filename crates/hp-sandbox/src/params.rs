//! Parameters of a call: decoded, and as the text that their signature covers.

use std::borrow::Cow;

use hp_api::sign;

use crate::refused::{self, Refused};

/// Name and value of each parameter, decoded; for a repeated name the last value counts.
pub(crate) struct Params<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Params<'a> {
    /// Reads a query string or the body of a form.
    pub(crate) fn read(encoded: &'a [u8]) -> Self {
        let mut params: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::with_capacity(4);
        for (name, value) in form_urlencoded::parse(encoded) {
            match params.iter_mut().find(|(known, _)| *known == name) {
                Some(known) => known.1 = value,
                None => params.push((name, value)),
            }
        }
        params.sort_unstable();
        Self(params)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    /// The signed text, date excluded.
    pub(crate) fn flat(&self) -> Result<Vec<u8>, Refused> {
        // Names that begin with a letter sort as bytes; others may look like numbers to PHP.
        let plain = |name: &str| name.starts_with(|c: char| c.is_ascii_alphabetic());
        if self.0.iter().all(|(name, _)| plain(name)) {
            let values = self.0.iter().map(|(_, value)| value.as_bytes());
            return Ok(values.collect::<Vec<_>>().concat());
        }
        let object = self.0.iter().map(|(name, value)| {
            let value = serde_json::Value::from(value.as_ref());
            (name.to_string(), value)
        });
        let json = serde_json::Value::Object(object.collect()).to_string();
        sign::flatten(json.as_bytes()).map_err(|_| refused::FORMAT)
    }

    /// A text of 1 to `most` characters without control characters.
    pub(crate) fn text(&self, name: &str, most: usize) -> Result<&str, Refused> {
        let text = self.get(name).ok_or(refused::PARAMETER)?;
        let fits = !text.is_empty() && text.chars().count() <= most;
        if !fits || text.contains(char::is_control) {
            return Err(refused::PARAMETER);
        }
        Ok(text)
    }

    /// A positive integer in plain decimal digits.
    pub(crate) fn integer(&self, name: &str) -> Result<u64, Refused> {
        let text = self.get(name).ok_or(refused::PARAMETER)?;
        if text.starts_with('0') || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refused::PARAMETER);
        }
        text.parse().map_err(|_| refused::PARAMETER)
    }
}
