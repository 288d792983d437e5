//! Files with secrets that every user of this machine may read or change.

use std::{
    fs::Metadata,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{settings::Settings, source};

/// A file with a secret that every user of this machine may read or change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ExposedFile {
    /// The setting or the option that names it.
    key: &'static str,
    path: PathBuf,
    mode: u32,
    /// The setting in it that is a secret, if it is the file of all settings.
    content: Option<&'static str>,
}

impl ExposedFile {
    /// What is wrong.
    pub(crate) fn fault(&self) -> String {
        let content = self.content.map(|key| format!("has {key}, and "));
        format!(
            "{} is {}, which {}every user of this machine may read or change (mode {:o})",
            self.key,
            self.path.display(),
            content.unwrap_or_default(),
            self.mode
        )
    }

    /// What to do.
    pub(crate) fn remedy(&self) -> String {
        format!(
            "run `chmod o= {}`; in Kubernetes set defaultMode: 0440 and fsGroup",
            self.path.display()
        )
    }
}

/// Returns the files with secrets that every user may read or change. The group of a file may: services share secrets in
/// this way.
pub(super) fn exposed(settings: &Settings) -> Vec<ExposedFile> {
    let files = secret_files(settings).into_iter();
    files
        .filter_map(|(key, path)| exposed_file(key, path.as_deref()?))
        .collect()
}

/// The settings that name a file with a secret.
fn secret_files(settings: &Settings) -> [(&'static str, &Option<PathBuf>); 12] {
    let (api, redis, notify) = (&settings.api, &settings.redis, &settings.notify);
    [
        ("api.app_secret_file", &api.app_secret_file),
        ("api.rsa_private_key_file", &api.rsa_private_key_file),
        ("api.proxy_file", &api.proxy_file),
        ("redis.url_file", &redis.url_file),
        ("redis.password_file", &redis.password_file),
        (
            "redis.sentinel_password_file",
            &redis.sentinel_password_file,
        ),
        ("redis.client_key_file", &redis.client_key_file),
        ("admin.token_file", &settings.admin.token_file),
        ("notify.url_file", &notify.url_file),
        ("notify.secret_file", &notify.secret_file),
        ("otel.endpoint_file", &settings.otel.endpoint_file),
        ("otel.headers_file", &settings.otel.headers_file),
    ]
}

/// Settings that are secrets.
const SECRETS: [&str; 8] = [
    "api.app_secret",
    "api.rsa_private_key",
    "redis.password",
    "redis.sentinel_password",
    "admin.token",
    "notify.url",
    "notify.secret",
    "otel.headers",
];

/// Addresses, which may have a login.
const ADDRESSES: [&str; 3] = ["api.proxy", "redis.url", "otel.endpoint"];

/// Returns the settings file if every user may read or change it, and a secret is in it. A variable of the environment that
/// overrides the secret does not remove it from the file.
pub(super) fn settings_file(path: &Path) -> Option<ExposedFile> {
    let file = exposed_file("--config", path)?;
    let settings = source::file_alone(path)?;
    let has_login = |address: &String| address.contains('@') || address.contains("password=");
    let secret = SECRETS.iter().find(|key| settings.get_string(key).is_ok());
    let with_login = || {
        let mut keys = ADDRESSES.iter();
        keys.find(|key| settings.get_string(key).is_ok_and(|text| has_login(&text)))
    };
    let secret = secret.or_else(with_login)?;
    Some(ExposedFile {
        content: Some(secret),
        ..file
    })
}

fn exposed_file(key: &'static str, path: &Path) -> Option<ExposedFile> {
    // Whatever reads the file reports that it is missing. A pipe of a shell has no lasting content.
    let metadata = path.metadata().ok().filter(Metadata::is_file)?;
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & 0o006 != 0).then(|| ExposedFile {
        key,
        path: path.to_path_buf(),
        mode,
        content: None,
    })
}
