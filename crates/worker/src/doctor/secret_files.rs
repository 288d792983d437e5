use super::CheckResult;
use crate::config::Config;

/// Reports files with secrets that every user of this machine may read or change.
pub(super) fn check(config: &Config) -> Vec<CheckResult> {
    let files = config.exposed_files.iter();
    files
        .map(|file| CheckResult::poor("secret files", file.fault(), file.remedy()))
        .collect()
}
