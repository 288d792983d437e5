//! Warnings about a settings file that every user may read.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use schemars::schema_for;
use tempfile::tempdir;

use super::super::{Config, ExposedFile, exposed_file, settings::Settings};

/// What is wrong with a settings file that has this text and mode.
fn fault(text: &str, mode: u32) -> String {
    let folder = tempdir().unwrap();
    let path = folder.path().join("worker.toml");
    write(&path, text, mode);
    let file = exposed_file::settings_file(&path);
    file.map_or_else(String::new, |file| file.fault() + &file.remedy())
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Every setting that the schema marks as a secret.
fn secrets() -> Vec<(String, String)> {
    let root = schema_for!(Settings).to_value();
    let mut secrets = Vec::new();
    for (section, reference) in root["properties"].as_object().unwrap() {
        let name = reference["$ref"].as_str().unwrap().rsplit('/').next();
        let keys = &root["$defs"][name.unwrap()]["properties"];
        let keys = keys.as_object().unwrap().iter();
        let keys = keys.filter(|(_, schema)| schema["writeOnly"] == true);
        secrets.extend(keys.map(|(key, _)| (section.clone(), key.clone())));
    }
    secrets
}

#[test]
fn readable_settings_file_with_a_secret_is_named() {
    // It is marked like the private key, and is a public one.
    let public = "rsa_server_key";
    let secrets = secrets();
    assert!(secrets.len() >= 8, "{secrets:?}");
    for (section, key) in secrets {
        let text = format!("[{section}]\n{key} = \"https://user:hunter2@host\"\n");
        for mode in [0o644, 0o604, 0o602] {
            let fault = fault(&text, mode);
            assert!(!fault.contains("hunter2"), "{fault}");
            let name = format!("has {section}.{key}");
            for word in ["--config is", "worker.toml", &name, "chmod o="] {
                assert!(fault.contains(word) != (key == public), "{word}: {fault}");
            }
        }
        for mode in [0o600, 0o640, 0o400] {
            assert_eq!(fault(&text, mode), "", "{section}.{key}");
        }
    }
    let with_query = "redis.url = \"redis+sentinel://a/m?sentinel_password=hunter2\"\n";
    assert!(fault(with_query, 0o644).contains("has redis.url"));
    for text in [
        "[redis]\nurl = \"redis://localhost\"\npassword_file = \"/a\"\n",
        "[api]\nproxy = \"http://localhost:8080\"\napp_id = \"demo\"\n",
        "[otel]\nendpoint = \"http://collector:4318\"\n",
    ] {
        assert_eq!(fault(text, 0o644), "", "{text}");
    }
}

#[test]
fn loaded_config_names_an_exposed_settings_file() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("worker.toml");
    write(&path, "[redis]\npassword = \"hunter2\"\n", 0o644);
    let config = Config::load(Some(&path)).unwrap();
    let faults = config.exposed_files.iter().map(ExposedFile::fault);
    let faults: Vec<_> = faults.collect();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].contains("has redis.password"), "{faults:?}");
}
