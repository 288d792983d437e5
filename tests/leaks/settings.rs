//! The settings that are secrets.

use std::{collections::BTreeSet, fs, path::Path};

/// Each setting of the type `Hidden`. The tests of this program set each of them to a random text.
const HIDDEN: [&str; 11] = [
    "app_secret",
    "endpoint",
    "headers",
    "password",
    "proxy",
    "rsa_private_key",
    "rsa_server_key",
    "secret",
    "sentinel_password",
    "token",
    "url",
];

#[test]
fn every_secret_setting_is_searched_for() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = tests.join("../crates/worker/src/config/settings.rs");
    let source = fs::read_to_string(source).unwrap();
    let hidden = source.lines().filter_map(|line| {
        let (name, kind) = line.trim().strip_prefix("pub(super) ")?.split_once(": ")?;
        kind.contains("Hidden").then_some(name)
    });
    let hidden: BTreeSet<_> = hidden.collect();
    assert_eq!(hidden, HIDDEN.into(), "search for the new secret, too");
}
