//! How to connect to Redis: users, passwords and certificates.

use std::{fs, os::unix::fs::PermissionsExt};

use tempfile::{TempDir, tempdir};

use super::load;

const CERTIFICATE: &str = include_str!("../../../../hp-api/tests/data/tls/issued.crt");
const KEY: &str = include_str!("../../../../hp-api/tests/data/tls/issued.key");
const OTHER_KEY: &str = include_str!("../../../../hp-api/tests/data/tls/localhost.key");

/// Writes a file with this mode, and returns its path.
fn write(folder: &TempDir, name: &str, text: &str, mode: u32) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// What is wrong with these settings. None of it may show the secret.
fn fault(variables: &[(&str, &str)]) -> String {
    let fault = match load("", variables) {
        Err(fault) => fault.to_string(),
        Ok(config) => config.redis().unwrap_err().to_string(),
    };
    assert!(
        !fault.contains("hunter2") && !fault.contains("MIG"),
        "{fault}"
    );
    fault
}

#[test]
fn login_is_read_from_files() {
    let folder = tempdir().unwrap();
    let user = write(&folder, "user", "worker\r\n", 0o600);
    let password = write(&folder, "password", "hun/ter?2#@%\n", 0o600);
    let config = load(
        "[redis]\nurl = \"redis+sentinel://a/mymaster\"\n",
        &[
            ("HP_REDIS__USERNAME_FILE", &user),
            ("HP_REDIS__PASSWORD_FILE", &password),
            ("HP_REDIS__SENTINEL_PASSWORD_FILE", &password),
        ],
    )
    .unwrap();
    assert!(config.redis().is_ok());
    let (printed, debug) = (config.to_string(), format!("{config:?}"));
    for line in [
        "username = \"worker\"",
        "password = \"[redacted]\"",
        "sentinel_password = \"[redacted]\"",
    ] {
        assert!(printed.contains(line), "no {line} in {printed}");
    }
    assert!(!printed.contains("ter?2") && !debug.contains("ter?2"));
}

#[test]
fn login_in_two_places_is_refused() {
    let folder = tempdir().unwrap();
    let file = write(&folder, "password", "hunter2", 0o600);
    let password = ("HP_REDIS__PASSWORD", "hunter2");
    let sentinel = ("HP_REDIS__SENTINEL_PASSWORD", "hunter2");
    for (variables, words) in [
        (
            vec![password, ("HP_REDIS__URL", "redis://:hunter2@a")],
            ["a user or a password", "redis.password is set, too"],
        ),
        (
            vec![
                password,
                ("HP_REDIS__URL", "redis+cluster://shop:hunter2@a"),
            ],
            ["a user or a password", "remove one of them"],
        ),
        (
            vec![password, ("HP_REDIS__PASSWORD_FILE", &file)],
            [
                "redis.password and redis.password_file",
                "Remove one of them",
            ],
        ),
        (
            vec![
                sentinel,
                (
                    "HP_REDIS__URL",
                    "redis+sentinel://a/m?sentinel_password=hunter2",
                ),
            ],
            ["of Sentinel", "redis.sentinel_password is set, too"],
        ),
        (
            vec![sentinel, ("HP_REDIS__URL", "redis://a")],
            ["names no Sentinels", "remove redis.sentinel_password"],
        ),
        (
            vec![("HP_REDIS__USERNAME", "shop")],
            ["redis.username is set without redis.password", "redis.url"],
        ),
        (
            vec![("HP_REDIS__SENTINEL_USERNAME", "shop")],
            [
                "redis.sentinel_username is set without redis.sentinel_password",
                "redis.sentinel_password_file",
            ],
        ),
        (
            vec![("HP_REDIS__PASSWORD_FILE", "hunter2")],
            ["redis.password_file must name a file", "set redis.password"],
        ),
        (
            vec![("HP_REDIS__PASSWORD", "hun\tter2")],
            ["redis.password contains", "cannot be seen"],
        ),
    ] {
        let fault = fault(&variables);
        for word in words {
            assert!(fault.contains(word), "no `{word}` in: {fault}");
        }
    }
}

#[test]
fn client_certificate_that_cannot_be_used_is_refused() {
    let folder = tempdir().unwrap();
    let certificate = write(&folder, "client.crt", CERTIFICATE, 0o600);
    let key = write(&folder, "client.key", KEY, 0o600);
    let other = write(&folder, "other.key", OTHER_KEY, 0o600);
    let encrypted = KEY.replace("PRIVATE", "ENCRYPTED PRIVATE");
    let encrypted = write(&folder, "encrypted.key", &encrypted, 0o600);
    let gone = folder.path().join("gone").display().to_string();
    for (url, certificate, key, words) in [
        (
            "rediss://a",
            Some(&certificate),
            None,
            ["redis.client_key_file", "Set both"],
        ),
        (
            "rediss://a",
            None,
            Some(&key),
            ["redis.client_cert_file", "Set both"],
        ),
        (
            "rediss://a",
            Some(&certificate),
            Some(&other),
            ["belongs to another certificate", "redis.client_key_file"],
        ),
        (
            "rediss://a",
            Some(&key),
            Some(&key),
            ["redis.client_cert_file names", "a key and no certificate"],
        ),
        (
            "rediss://a",
            Some(&certificate),
            Some(&certificate),
            ["redis.client_key_file names", "no private key"],
        ),
        (
            "rediss://a",
            Some(&certificate),
            Some(&encrypted),
            ["redis.client_key_file names", "openssl pkey -in FILE"],
        ),
        (
            "rediss://a",
            Some(&certificate),
            Some(&gone),
            ["redis.client_key_file is `", "cannot be read"],
        ),
        (
            "redis://a",
            Some(&certificate),
            Some(&key),
            ["redis.client_cert_file is set", "rediss"],
        ),
    ] {
        let mut variables = vec![("HP_REDIS__URL", url)];
        variables.extend(certificate.map(|path| ("HP_REDIS__CLIENT_CERT_FILE", path.as_str())));
        variables.extend(key.map(|path| ("HP_REDIS__CLIENT_KEY_FILE", path.as_str())));
        let fault = fault(&variables);
        for word in words {
            assert!(fault.contains(word), "no `{word}` in: {fault}");
        }
    }
    let config = load(
        "",
        &[
            ("HP_REDIS__URL", "rediss://a"),
            ("HP_REDIS__CLIENT_CERT_FILE", &certificate),
            ("HP_REDIS__CLIENT_KEY_FILE", &key),
        ],
    )
    .unwrap();
    assert!(config.redis().is_ok());
    for line in ["client_cert_file = ", "client_key_file = "] {
        assert!(config.to_string().contains(line));
    }
}

/// The content of a file that `variable` names.
fn secret_of(variable: &str) -> &'static str {
    if variable == "HP_ADMIN__TOKEN_FILE" {
        "a-token-of-the-admin-server"
    } else {
        "redis://redis.example.com"
    }
}

#[test]
fn secret_file_that_everybody_may_read_is_named() {
    let folder = tempdir().unwrap();
    let exposed = |variable: &str, text: &str, mode: u32| {
        let path = write(&folder, "secret", text, mode);
        let config = load("", &[(variable, &path)]);
        let files = config.unwrap().exposed_files;
        let texts = files.iter().map(|file| file.fault() + &file.remedy());
        (path, texts.collect::<String>())
    };
    for (variable, key) in [
        ("HP_REDIS__PASSWORD_FILE", "redis.password_file"),
        (
            "HP_REDIS__SENTINEL_PASSWORD_FILE",
            "redis.sentinel_password_file",
        ),
        ("HP_REDIS__URL_FILE", "redis.url_file"),
        ("HP_API__APP_SECRET_FILE", "api.app_secret_file"),
        ("HP_API__RSA_PRIVATE_KEY_FILE", "api.rsa_private_key_file"),
        ("HP_API__PROXY_FILE", "api.proxy_file"),
        ("HP_ADMIN__TOKEN_FILE", "admin.token_file"),
    ] {
        for mode in [0o644, 0o604, 0o602] {
            let (path, text) = exposed(variable, secret_of(variable), mode);
            let mode = format!("mode {mode:o}");
            for word in [key, &path, &mode, "chmod o="] {
                assert!(text.contains(word), "no `{word}` in: {text}");
            }
        }
        for mode in [0o600, 0o640, 0o400] {
            assert_eq!(
                exposed(variable, secret_of(variable), mode).1,
                "",
                "{variable}"
            );
        }
    }
    // A file without a secret.
    assert_eq!(exposed("HP_API__APP_ID_FILE", "demo", 0o644).1, "");
    let certificate = write(&folder, "client.crt", CERTIFICATE, 0o644);
    let key = write(&folder, "client.key", KEY, 0o644);
    let config = load(
        "",
        &[
            ("HP_REDIS__CLIENT_CERT_FILE", &certificate),
            ("HP_REDIS__CLIENT_KEY_FILE", &key),
        ],
    );
    let files = config.unwrap().exposed_files;
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(files[0].fault().starts_with("redis.client_key_file"));
}
