use tracing::warn;

use crate::config::Config;

/// Warns of files with secrets that every user of this machine may read or change.
pub(super) fn warn_of_exposed_files(config: &Config) {
    for file in &config.exposed_files {
        warn!(setting = file.setting, path = %file.path.display(), "every user of this machine may read or change a file with a secret; run chmod 600 on it, or 640 if the worker reads it through its group");
    }
}
