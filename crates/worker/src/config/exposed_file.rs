//! Files with secrets that every user of this machine may read or change.

use std::{
    fs::Metadata,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::settings::Settings;

/// A file with a secret that every user of this machine may read or change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ExposedFile {
    /// The setting that names it.
    key: &'static str,
    path: PathBuf,
    mode: u32,
}

impl ExposedFile {
    /// What is wrong.
    pub(crate) fn fault(&self) -> String {
        format!(
            "{} is {}, which every user of this machine may read or change (mode {:o})",
            self.key,
            self.path.display(),
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
fn secret_files(settings: &Settings) -> [(&'static str, &Option<PathBuf>); 8] {
    let (api, redis) = (&settings.api, &settings.redis);
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
    ]
}

fn exposed_file(key: &'static str, path: &Path) -> Option<ExposedFile> {
    // Whatever reads the file reports that it is missing. A pipe of a shell has no lasting content.
    let metadata = path.metadata().ok().filter(Metadata::is_file)?;
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & 0o006 != 0).then(|| ExposedFile {
        key,
        path: path.to_path_buf(),
        mode,
    })
}
