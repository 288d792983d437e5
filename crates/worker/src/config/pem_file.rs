//! Keys and certificates in PEM.

use std::path::{Path, PathBuf};

use hp_api::{CaCertificates, PemError, pem_text};

use super::{fault::ConfigFault, secret::Hidden, setting_file};

/// A file with the certificates of authorities.
#[derive(Debug)]
pub(crate) struct CaFile {
    pub(super) path: PathBuf,
    pub(crate) certificates: CaCertificates,
}

impl CaFile {
    /// Reads the file that `key` names, if it names one.
    pub(super) fn read(key: &str, path: Option<PathBuf>) -> Result<Option<Self>, ConfigFault> {
        let Some(path) = path else {
            return Ok(None);
        };
        let certificates = read_pem(key, &path)?.parse();
        let certificates = certificates.map_err(|error| unusable(key, &error))?;
        Ok(Some(Self { path, certificates }))
    }
}

/// Returns the text that is the value of `key`, or the content of the file that `KEY_file` names.
pub(super) fn pem_or_file(
    key: &str,
    value: Option<Hidden>,
    file: Option<&Path>,
) -> Result<Option<Hidden>, ConfigFault> {
    let file_key = format!("{key}_file");
    match (value, file) {
        (Some(_), Some(_)) => Err(ConfigFault::Contradiction(format!(
            "{key} and {file_key} are both set. Remove one of them."
        ))),
        (value, None) => Ok(value),
        (None, Some(path)) => read_pem(&file_key, path).map(|text| Some(Hidden::from(text))),
    }
}

pub(super) fn read_pem(key: &str, path: &Path) -> Result<String, ConfigFault> {
    let bytes = std::fs::read(path);
    let bytes = bytes.map_err(|error| setting_file::unreadable(key, path, &error))?;
    pem_text(bytes).map_err(|error| unusable(key, &error))
}

pub(super) fn unusable(key: &str, error: &PemError) -> ConfigFault {
    ConfigFault::Value {
        key: key.into(),
        reason: format!("names a file that cannot be used: {error}."),
    }
}
