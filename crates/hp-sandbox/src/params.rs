//! The parameters of a call: their decoded values, and the text that the signature covers.

use std::borrow::Cow;

use hp_api::sign;

use crate::api_error::{self, ApiError};

/// The decoded parameters, sorted by name. The last value of a repeated name counts.
pub(crate) struct Params<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Params<'a> {
    /// Parses a query string or the body of a form.
    pub(crate) fn parse(encoded: &'a [u8]) -> Self {
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

    /// Returns the text that the signature covers, without the date.
    pub(crate) fn signed_text(&self) -> Result<Vec<u8>, ApiError> {
        // Byte order is right only if every name starts with a letter: PHP may take other names for numbers.
        let is_text = |name: &str| name.starts_with(|c: char| c.is_ascii_alphabetic());
        if self.0.iter().all(|(name, _)| is_text(name)) {
            let values = self.0.iter().map(|(_, value)| value.as_bytes());
            return Ok(values.collect::<Vec<_>>().concat());
        }
        let object = self.0.iter().map(|(name, value)| {
            let value = serde_json::Value::from(value.as_ref());
            (name.to_string(), value)
        });
        let json = serde_json::Value::Object(object.collect()).to_string();
        sign::flatten(json.as_bytes()).map_err(|_| api_error::FORMAT)
    }

    /// Returns a text of 1 to `max_chars` characters without control characters.
    pub(crate) fn text(&self, name: &str, max_chars: usize) -> Result<&str, ApiError> {
        let text = self.get(name).ok_or(api_error::PARAMETER)?;
        let fits = !text.is_empty() && text.chars().count() <= max_chars;
        if !fits || text.contains(char::is_control) {
            return Err(api_error::PARAMETER);
        }
        Ok(text)
    }

    /// Returns a positive integer that is written in decimal digits only.
    pub(crate) fn integer(&self, name: &str) -> Result<u64, ApiError> {
        let text = self.get(name).ok_or(api_error::PARAMETER)?;
        if text.starts_with('0') || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(api_error::PARAMETER);
        }
        text.parse().map_err(|_| api_error::PARAMETER)
    }
}
