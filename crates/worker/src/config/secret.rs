use std::{fmt, mem, path::Path};

use schemars::JsonSchema;
use serde::Deserialize;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{fault::ConfigFault, setting_file};

/// Text that is a secret or contains one. `Debug` does not print it, and its memory is wiped.
#[derive(Deserialize, JsonSchema, Zeroize, ZeroizeOnDrop)]
#[serde(from = "String")]
#[schemars(inline, extend("writeOnly" = true))]
pub(crate) struct Hidden(String);

impl Hidden {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    pub(super) fn into_inner(mut self) -> String {
        mem::take(&mut self.0)
    }
}

impl From<Hidden> for String {
    fn from(hidden: Hidden) -> Self {
        hidden.into_inner()
    }
}

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Returns the value of `key`, or the content of the file that `KEY_file` names. Removes line ends and byte order marks around
/// it, which shells and editors add. Refuses other characters that cannot be seen: they would only fail at HitPoints or Redis.
pub(super) fn value_or_file<T: From<String> + Into<String>>(
    key: &str,
    value: Option<T>,
    file: Option<&Path>,
) -> Result<Option<T>, ConfigFault> {
    let file_key = format!("{key}_file");
    match (value, file) {
        (Some(_), Some(_)) => Err(ConfigFault::Contradiction(format!(
            "{key} and {file_key} are both set. Remove one of them."
        ))),
        (None, None) => Ok(None),
        (Some(value), None) => {
            let text = Zeroizing::new(value.into());
            clean(key, &text).map(|text| Some(T::from(text)))
        }
        (None, Some(path)) => {
            let text = Zeroizing::new(read_file(&file_key, path)?);
            if text.trim().is_empty() {
                return Err(setting_file::empty(&file_key, path));
            }
            clean(&file_key, &text).map(|text| Some(T::from(text)))
        }
    }
}

/// Returns the content of the file that `key` names.
pub(super) fn read_file(key: &str, path: &Path) -> Result<String, ConfigFault> {
    std::fs::read_to_string(path).map_err(|error| setting_file::unreadable(key, path, &error))
}

/// Returns the text without line ends and byte order marks around it. `key` names its source.
fn clean(key: &str, text: &str) -> Result<String, ConfigFault> {
    let text = text.trim_matches(['\r', '\n', BYTE_ORDER_MARK]);
    let fault = if text.is_empty() {
        "is empty. Give it a value, or remove it."
    } else if text.contains(char::REPLACEMENT_CHARACTER) {
        "is not UTF-8 text. Write it again, without the bytes that are not text."
    } else if text.starts_with(' ') || text.ends_with(' ') {
        "begins or ends with a space. Write it again without the space."
    } else if text.contains(is_invisible) {
        "contains a line break or another character that cannot be seen. Write it again without that character."
    } else {
        return Ok(text.into());
    };
    Err(ConfigFault::Value {
        key: key.into(),
        reason: fault.into(),
    })
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// White space other than a space, control characters, and characters without width that editors and web pages insert.
fn is_invisible(c: char) -> bool {
    c.is_whitespace() && c != ' '
        || c.is_control()
        || matches!(c, '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | BYTE_ORDER_MARK)
}
