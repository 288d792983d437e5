//! What is said about a file that a setting names. Where a file belongs, people paste the secret itself: so an error shows a
//! path only if it certainly is one.

use std::{
    io,
    path::{Component, Path},
};

use super::fault::ConfigFault;

pub(super) fn unreadable(key: &str, path: &Path, error: &io::Error) -> ConfigFault {
    let reason = match (certain(path), error.kind()) {
        (None, _) => format!(
            "must name a file, and there is no such file. Its value is not shown, because it may be a secret. {}",
            remedy(key)
        ),
        // The message would not say more than the encoding.
        (Some(path), io::ErrorKind::InvalidData) => {
            format!("is `{path}`, which is no text in UTF-8. Name a text file.")
        }
        (Some(path), _) => format!(
            "is `{path}`, which cannot be read: {error}. Name a file that this user may read."
        ),
    };
    ConfigFault::Value {
        key: key.into(),
        reason,
    }
}

pub(super) fn empty(key: &str, path: &Path) -> ConfigFault {
    ConfigFault::Value {
        key: key.into(),
        reason: format!(
            "is `{}`, which is empty. Write the value into the file, or name another file.",
            path.display()
        ),
    }
}

/// Settings that only a file can give, without `_file`.
const FILES_ONLY: [&str; 4] = [
    "api.ca",
    "redis.ca",
    "redis.client_cert",
    "redis.client_key",
];

/// A value that is no path may belong to the setting without `_file`, if there is one.
fn remedy(key: &str) -> String {
    match key.strip_suffix("_file") {
        Some(value) if !FILES_ONLY.contains(&value) => {
            format!("Give the path of a file, or set {value} instead.")
        }
        _ => "Write the content into a file, and give the path of that file.".into(),
    }
}

/// The path as text, unless it may be something else: it exists, or it begins with a folder that does. A secret may contain
/// slashes, too.
fn certain(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    let is_path = path.exists() || begins_with_folder(path);
    (is_path && !text.contains(char::is_control)).then(|| text.to_owned())
}

fn begins_with_folder(path: &Path) -> bool {
    let is_root = |part: &Component<'_>| matches!(part, Component::RootDir | Component::CurDir);
    let mut parts = path.components();
    let first = parts.by_ref().find(|part| !is_root(part));
    // What follows must be more than nothing: `/secret` begins with a folder, too.
    let (Some(first), Some(_)) = (first, parts.next()) else {
        return false;
    };
    let start = if path.is_absolute() { "/" } else { "." };
    Path::new(start).join(first).is_dir()
}

#[cfg(test)]
mod tests {
    use super::certain;

    #[test]
    fn path_is_shown_only_if_it_certainly_is_one() {
        for path in ["/dev/null/x", "/dev/no-such-secret", "src/no-such", "/dev"] {
            assert!(certain(path.as_ref()).is_some(), "{path}");
        }
        for path in [
            "hunter2",
            "/hunter2",
            "hunter2/abc+/==",
            "/hunter2/abc",
            "-----BEGIN PRIVATE KEY-----\nMIIE\n/dev/x",
            "redis://shop:hunter2@redis:6379",
            "src/hunter2\n",
        ] {
            assert_eq!(certain(path.as_ref()), None, "{path}");
        }
    }
}
