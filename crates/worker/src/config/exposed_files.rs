//! Finds files with secrets that every user of the machine may read or change.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::settings::Settings;

/// A file with a secret that other users may read or change.
#[derive(Debug)]
pub(crate) struct ExposedFile {
    /// The setting that names it.
    pub(crate) setting: &'static str,
    pub(crate) path: PathBuf,
}

/// What users other than the owner and the group may do.
const OTHERS: u32 = 0o007;

/// Returns the exposed files among those that the settings name.
pub(super) fn find(settings: &Settings) -> Vec<ExposedFile> {
    let files = secret_files(settings).into_iter();
    let files = files.filter_map(|(setting, path)| Some((setting, path.as_ref()?)));
    files
        .filter(|(_, path)| is_exposed(path))
        .map(|(setting, path)| ExposedFile {
            setting,
            path: path.clone(),
        })
        .collect()
}

fn secret_files(settings: &Settings) -> [(&'static str, &Option<PathBuf>); 5] {
    let api = &settings.api;
    [
        ("api.app_secret_file", &api.app_secret_file),
        ("api.rsa_private_key_file", &api.rsa_private_key_file),
        ("api.proxy_file", &api.proxy_file),
        ("redis.url_file", &settings.redis.url_file),
        ("admin.token_file", &settings.admin.token_file),
    ]
}

/// Whether it is a file, and not a pipe or a device, with permissions for everybody.
fn is_exposed(path: &Path) -> bool {
    let metadata = path.metadata();
    metadata.is_ok_and(|file| file.is_file() && file.permissions().mode() & OTHERS != 0)
}
