mod admin;
mod exposed;
mod otel;
mod redis;
mod schema;

use std::fs;

use tempfile::{NamedTempFile, tempdir};
use tracing::Level;

use super::{Config, ConfigFault};

const ACCOUNT: [(&str, &str); 3] = [
    ("HP_API__BASE_URL", "https://api.hitpoints.com"),
    ("HP_API__APP_ID", "demo"),
    ("HP_API__APP_SECRET", "hunter2"),
];

fn load(file: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigFault> {
    let variables = variables.iter();
    Config::from_text(
        file,
        variables.map(|(name, value)| (name.into(), value.into())),
    )
}

#[test]
fn printed_config_can_be_loaded() {
    let printed = load("", &ACCOUNT).unwrap().to_string();
    assert_eq!(load(&printed, &[]).unwrap().to_string(), printed);
}

#[test]
fn printed_texts_are_those_that_were_set() {
    let odd = "a\0b\"c\\d'e\u{7f}\u{202e}f\t\u{301}余\u{e0001}";
    let filter = format!("info,{odd}=debug");
    let variables = [&ACCOUNT[..2], &[("HP_LOG__FILTER", &*filter)]].concat();
    let printed = load("", &variables).unwrap().to_string();
    assert_eq!(load(&printed, &[]).unwrap().log_filter.text, filter);
}

#[test]
fn numbers_and_texts_are_interchangeable() {
    let file = "[api]\napp_id = 12345\n[worker]\nconcurrency = \"5\"\nrate = 20\n";
    let config = load(file, &[ACCOUNT[0], ACCOUNT[2]]).unwrap();
    assert_eq!(config.api.account.unwrap().app_id, "12345");
    assert_eq!((config.concurrency, config.rate), (5, Some(20.0)));
}

#[test]
fn log_filter_has_levels_for_parts_of_the_program() {
    let load = |filter| load("", &[&ACCOUNT[..], &[("HP_LOG__FILTER", filter)]].concat());
    let levels = load("warn, hp_api=debug,").unwrap().log_filter.levels;
    for (target, level, expected) in [
        ("worker::run", Level::WARN, true),
        ("worker::run", Level::INFO, false),
        ("hp_api::client", Level::DEBUG, true),
    ] {
        assert_eq!(levels.would_enable(target, &level), expected, "{target}");
    }
    for wrong in [",", "inof", "warn,hp_api", "hp_api=loud", "info=debug=warn"] {
        let fault = load(wrong).unwrap_err().to_string();
        assert!(fault.contains("info or warn,hp_api=debug"), "{fault}");
    }
}

#[test]
fn empty_text_is_refused_for_every_setting_but_one() {
    for key in schema::schema().into_keys() {
        let variable = format!("HP_{}", key.to_uppercase().replace('.', "__"));
        for empty in ["", " ", "\n"] {
            let loaded = load("", &[(&variable, empty)]);
            if key == "admin.listen" {
                assert!(!empty.is_empty() || loaded.unwrap().admin.listen.is_none());
                continue;
            }
            let fault = loaded.unwrap_err().to_string();
            for word in [&format!("{key} is empty"), &variable, "default"] {
                assert!(fault.contains(word), "no `{word}` in: {fault}");
            }
        }
    }
}

#[test]
fn empty_file_of_a_setting_is_refused() {
    let file = NamedTempFile::new().unwrap();
    fs::write(&file, "\n").unwrap();
    let path = file.path().to_str().unwrap();
    let fault = load("", &[("HP_REDIS__URL_FILE", path)]).unwrap_err();
    let fault = fault.to_string();
    assert!(fault.contains("redis.url_file is `") && fault.contains("which is empty"));
}

#[test]
fn account_fault_leaves_the_rest_usable() {
    let gone = tempdir().unwrap().path().join("secret");
    let gone = ("HP_API__APP_SECRET_FILE", gone.to_str().unwrap());
    for (variables, word) in [
        (&[][..], "api.base_url is not set"),
        (&ACCOUNT[..1], "HP_API__APP_ID"),
        (&ACCOUNT[..2], "api.app_secret is not set"),
        (&[ACCOUNT[0], ACCOUNT[1], gone], "api.app_secret_file is `"),
        (
            &[
                &ACCOUNT[..],
                &[("HP_API__RSA_SERVER_KEY_FILE", "/dev/null")],
            ]
            .concat(),
            "api.rsa_private_key_file is not set",
        ),
    ] {
        let config = load("", variables).unwrap();
        assert!(config.handle().is_ok());
        let fault = config.client().map(drop).unwrap_err().to_string();
        assert!(fault.contains(word), "no `{word}` in: {fault}");
    }
}

#[test]
fn unknown_key_is_refused_with_its_variable() {
    for (file, key, variable) in [
        (
            "[worker]\nleese = \"9s\"\n",
            "worker.leese",
            "HP_WORKER__LEESE",
        ),
        (
            "[worker]\nleese = \"\"\n",
            "worker.leese",
            "HP_WORKER__LEESE",
        ),
        ("[shop]\nname = 1\n", "shop", "HP_SHOP"),
        ("name = 1\n", "name", "HP_NAME"),
    ] {
        let (key, variable) = (key.into(), variable.into());
        assert_eq!(
            load(file, &[]).unwrap_err(),
            ConfigFault::Unknown { key, variable }
        );
    }
}

#[test]
fn misplaced_secret_is_not_quoted() {
    for (file, words) in [
        ("api = \"hunter2\"\n", "api must be a table."),
        (
            "[api.app_secret]\nvalue = \"hunter2\"\n",
            "api.app_secret must be one value",
        ),
        (
            "[api]\napp_secret = [\"hunter2\"]\n",
            "api.app_secret must be one value",
        ),
        ("api = [\"hunter2\"]\n", "api must be a table."),
        ("[api]\nhunter = \"hunter2\"\n", "api.hunter (or"),
    ] {
        let fault = load(file, &[]).unwrap_err();
        let text = format!("{fault} {fault:?}");
        assert!(text.contains(words) && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn secret_file_loses_its_final_line_break() {
    let file = NamedTempFile::new().unwrap();
    fs::write(&file, "redis://redis:6379\r\n").unwrap();
    let path = file.path().to_str().unwrap();
    let config = load("", &[("HP_REDIS__URL_FILE", path)]).unwrap();
    assert_eq!(config.redis_access.url.expose(), "redis://redis:6379");
}

#[test]
fn secret_loses_line_ends_and_marks_of_every_source() {
    for text in [
        "hunter2\n",
        "\u{feff}hunter2",
        "\u{feff}hunter2\r\n\r\n",
        "\nhunter2",
    ] {
        let file = NamedTempFile::new().unwrap();
        fs::write(&file, text).unwrap();
        let toml = format!("[redis]\nurl = {text:?}\n").replace("\\u{feff}", "\\uFEFF");
        let path = file.path().to_str().unwrap();
        let configs = [
            load("", &[("HP_REDIS__URL", text)]),
            load("", &[("HP_REDIS__URL_FILE", path)]),
            load(&toml, &[]),
        ];
        for config in configs {
            assert_eq!(
                config.unwrap().redis_access.url.expose(),
                "hunter2",
                "{text:?}"
            );
        }
    }
}

#[test]
fn secret_with_unseen_characters_is_refused_by_name() {
    for text in [
        "hun\nter2",
        "hunter2 ",
        "hun\u{200b}ter2",
        "hun\tter2",
        "hun\u{fffd}ter2",
    ] {
        let file = NamedTempFile::new().unwrap();
        fs::write(&file, text).unwrap();
        let path = file.path().to_str().unwrap();
        for (name, value, key) in [
            ("HP_API__APP_SECRET", text, "api.app_secret "),
            ("HP_API__APP_SECRET_FILE", path, "api.app_secret_file "),
        ] {
            let config = load("", &[ACCOUNT[0], ACCOUNT[1], (name, value)]).unwrap();
            let fault = config.client().map(drop).unwrap_err().to_string();
            assert!(fault.starts_with(key) && !fault.contains("ter2"), "{fault}");
        }
    }
}

const RECEIVER: (&str, &str) = ("HP_NOTIFY__URL", "https://chat.example/hooks/hunter2");
const SIGNING: (&str, &str) = (
    "HP_NOTIFY__SECRET",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
);
const SLACK: (&str, &str) = ("HP_NOTIFY__FORMAT", "slack");

#[test]
fn receiver_is_never_shown() {
    let config = load("", &[RECEIVER, SIGNING]).unwrap();
    let text = format!("{config}{config:?}");
    assert!(text.contains("# https://chat.example\n"), "{text}");
    assert!(
        !text.contains("hunter2") && !text.contains("MfKQ"),
        "{text}"
    );
}

#[test]
fn receiver_and_secret_may_be_in_files() {
    let (url, secret) = (NamedTempFile::new().unwrap(), NamedTempFile::new().unwrap());
    fs::write(&url, format!("{}\n", RECEIVER.1)).unwrap();
    fs::write(&secret, format!("{}\n", SIGNING.1)).unwrap();
    let files = [
        ("HP_NOTIFY__URL_FILE", url.path().to_str().unwrap()),
        ("HP_NOTIFY__SECRET_FILE", secret.path().to_str().unwrap()),
    ];
    let notify = load("", &files).unwrap().notify.unwrap();
    assert_eq!(notify.url().as_str(), RECEIVER.1);
    assert_eq!(notify.secret.as_ref().unwrap().expose().len(), 24);
}

#[test]
fn unusable_receiver_is_refused_without_showing_it() {
    let url = |url| ("HP_NOTIFY__URL", url);
    let secret = |secret| ("HP_NOTIFY__SECRET", secret);
    let long = format!("whsec_{}", "hunter2".repeat(20));
    for (settings, words) in [
        (&[RECEIVER][..], "notify.secret is not"),
        (&[SIGNING], "notify.url is not"),
        (&[url("hunter2"), SLACK], "notify.url is no address"),
        (
            &[url("ftp://hunter2.example/"), SLACK],
            "neither https:// nor http://",
        ),
        (
            &[url("http://hunter2.example/hook"), SLACK],
            "Give an https:// address",
        ),
        (
            &[url("http://10.0.0.1/hunter2"), SLACK],
            "this machine only",
        ),
        (&[url("https:///"), SLACK], "notify.url"),
        (&[RECEIVER, secret("whsec_hunter2!")], "is not base64"),
        (&[RECEIVER, secret("hunter20")], "has 6 bytes"),
        (&[RECEIVER, secret(&long)], "has 105 bytes"),
    ] {
        let fault = load("", settings).unwrap_err();
        let text = format!("{fault} {fault:?}");
        assert!(text.contains(words), "no `{words}` in: {text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn local_receiver_needs_no_tls() {
    for url in [
        "http://127.0.0.1:8080/hook",
        "http://127.9.9.9/hook",
        "http://[::1]:8080/hook",
        "http://localhost/hook",
    ] {
        assert!(load("", &[("HP_NOTIFY__URL", url), SLACK]).is_ok(), "{url}");
    }
    let plain = SIGNING.1.trim_start_matches("whsec_");
    assert!(load("", &[RECEIVER, ("HP_NOTIFY__SECRET", plain)]).is_ok());
}
