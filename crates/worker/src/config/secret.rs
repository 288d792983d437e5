use std::{fmt, path::Path};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{fault::ConfigFault, setting_file};

/// Text that is a secret or contains one. `Debug` does not print it.
#[derive(Deserialize, JsonSchema)]
#[serde(from = "String")]
#[schemars(inline, extend("writeOnly" = true))]
pub(crate) struct Hidden(String);

impl Hidden {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    pub(super) fn into_inner(self) -> String {
        self.0
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

/// Returns the value of `key`, or the content of the file that `KEY_file` names, without its final line break.
pub(super) fn value_or_file<T: From<String>>(
    key: &str,
    value: Option<T>,
    file: Option<&Path>,
) -> Result<Option<T>, ConfigFault> {
    let file_key = format!("{key}_file");
    match (value, file) {
        (Some(_), Some(_)) => Err(ConfigFault::Contradiction(format!(
            "{key} and {file_key} are both set. Remove one of them."
        ))),
        (value, None) => Ok(value),
        (None, Some(path)) => {
            let text = read_file(&file_key, path)?;
            let text = text.trim_end_matches(['\r', '\n']);
            if text.trim().is_empty() {
                return Err(setting_file::empty(&file_key, path));
            }
            Ok(Some(T::from(text.to_owned())))
        }
    }
}

/// Returns the content of the file that `key` names.
pub(super) fn read_file(key: &str, path: &Path) -> Result<String, ConfigFault> {
    std::fs::read_to_string(path).map_err(|error| setting_file::unreadable(key, path, &error))
}
