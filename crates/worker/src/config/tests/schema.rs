//! The schema, `defaults.toml` and the printed configuration list the same settings.

use std::collections::BTreeMap;

use schemars::schema_for;
use serde_json::Value;

use super::{
    super::{settings::Settings, source},
    ACCOUNT, RECEIVER, SIGNING, load,
};

/// The description of every key in the published schema, by key.
pub(super) fn schema() -> BTreeMap<String, String> {
    let root = schema_for!(Settings).to_value();
    let sections = root["properties"].as_object().unwrap();
    let keys = sections.iter().flat_map(|(section, reference)| {
        let name = reference["$ref"].as_str().unwrap().rsplit('/').next();
        let properties = &root["$defs"][name.unwrap()]["properties"];
        properties
            .as_object()
            .unwrap()
            .iter()
            .map(move |(key, schema)| {
                let description = schema["description"].as_str().unwrap_or_default();
                (format!("{section}.{key}"), description.to_owned())
            })
    });
    keys.collect()
}

/// Every key of `defaults.toml`, with its value unless the line is a comment.
fn documented() -> BTreeMap<String, Option<&'static str>> {
    let (mut section, mut keys) = ("", BTreeMap::new());
    for line in source::DEFAULTS.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        }
        let is_comment = line.starts_with('#');
        if let Some((key, value)) = line.trim_start_matches("# ").split_once(" = ") {
            let default = (!is_comment).then(|| value.trim_matches('"'));
            keys.insert(setting(section, key), default);
        }
    }
    keys
}

/// The setting to which a line of this section belongs. Settings that are tables have a line for each of their keys.
fn setting(section: &str, key: &str) -> String {
    let (key, _) = key.split_once('.').unwrap_or((key, ""));
    format!("{section}.{key}")
}

#[test]
fn schema_and_defaults_list_the_same_keys() {
    assert_eq!(
        schema().into_keys().collect::<Vec<_>>(),
        documented().into_keys().collect::<Vec<_>>()
    );
}

#[test]
fn schema_describes_every_key_with_its_default() {
    let schema = schema();
    for (key, default) in documented() {
        let description = &schema[&key];
        let wanted = default.map_or_else(String::new, |default| format!("Default: `{default}`."));
        assert!(
            !description.is_empty() && description.ends_with(&wanted),
            "{key}: {description}"
        );
    }
}

#[test]
fn schema_accepts_partial_files_and_bounds_numbers() {
    let root = schema_for!(Settings).to_value();
    let worker = &root["$defs"]["WorkerSettings"];
    assert_eq!(worker.get("required"), None, "{worker}");
    assert_eq!(worker["additionalProperties"], Value::Bool(false));
    let concurrency = &worker["properties"]["concurrency"];
    for (word, value) in [
        ("type", Value::from("integer")),
        ("minimum", 1.into()),
        ("maximum", 10_000.into()),
    ] {
        assert_eq!(concurrency[word], value, "{concurrency}");
    }
    let format = &root["$defs"]["LogSettings"]["properties"]["format"];
    assert!(format.to_string().contains("\"json\""), "{format}");
}

#[test]
fn printed_config_has_every_setting_but_no_secret() {
    let rate = ("HP_WORKER__RATE", "20");
    let redis = [
        (
            "HP_REDIS__URL",
            "redis+sentinel://shop:hunter2@redis/mymaster",
        ),
        ("HP_REDIS__USERNAME", "shop"),
        ("HP_REDIS__PASSWORD", "hunter2"),
        ("HP_REDIS__SENTINEL_USERNAME", "shop"),
        ("HP_REDIS__SENTINEL_PASSWORD", "hunter2"),
    ];
    let proxy = ("HP_API__PROXY", "http://shop:hunter2@proxy:3128");
    let key = "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=";
    let seal_to = ("HP_RESULTS__SEAL_TO__SHOP", key);
    let host = ("HP_API__OTHER_HOST", "relay.example.com");
    let token = ("HP_ADMIN__TOKEN", "hunter2-hunter2-hunter2");
    let collector = ("HP_OTEL__ENDPOINT", "https://shop:hunter2@collector:4318/x");
    let headers = ("HP_OTEL__HEADERS", "authorization=hunter2");
    let others = [
        rate, proxy, seal_to, host, token, RECEIVER, SIGNING, collector, headers,
    ];
    let config = load("", &[&ACCOUNT[..], &others, &redis].concat()).unwrap();
    let (printed, debug) = (config.to_string(), format!("{config:?}"));
    assert!(printed.contains("https://collector:4318\n"), "{printed}");
    assert!(
        !printed.contains("hunter2") && !debug.contains("hunter2"),
        "{printed}\n{debug}"
    );
    let mut section = "";
    let shown = printed.lines().filter_map(|line| {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        }
        let (key, _) = line.split_once(" = ")?;
        Some(setting(section, key))
    });
    let shown: Vec<_> = shown.collect();
    // The account of this test signs with the secret.
    let is_shown = |key: &String| !key.ends_with("_file") && !key.starts_with("api.rsa_");
    for key in schema().into_keys().filter(is_shown) {
        assert!(shown.contains(&key), "{key} is not in\n{printed}");
    }
}
