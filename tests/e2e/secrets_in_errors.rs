//! A secret in the wrong place: whatever the error says, it does not show the secret.

use e2e::{Worker, World};

const SECRET: &str = "hunter2";
const COMMANDS: [&[&str]; 3] = [&["config"], &["doctor"], &["status", "--json"]];

/// Runs commands with these settings. Asserts that they show no secret, and that `config` names the setting and a remedy.
fn assert_hidden(world: &World, arguments: &[&str], more: &[(&str, &str)], words: &[&str]) {
    let mut settings = world.settings(&[]);
    settings.retain(|(name, _)| {
        let is_replaced = |(key, _): &(&str, &str)| {
            name.trim_end_matches("_FILE") == key.trim_end_matches("_FILE")
        };
        !more.iter().any(is_replaced)
    });
    settings.extend(
        more.iter()
            .map(|(name, value)| ((*name).into(), (*value).into())),
    );
    for command in COMMANDS {
        let output = Worker::output(&[arguments, command].concat(), &settings);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains(SECRET), "{command:?} {more:?}: {text}");
        if command == COMMANDS[0] {
            assert!(!output.status.success(), "{more:?}: {text}");
            for word in words {
                assert!(text.contains(word), "{more:?}: no `{word}` in: {text}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_in_place_of_its_file_is_not_shown() {
    let world = World::start();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n");
    let with_slashes = format!("{SECRET}/abc/def==");
    let url = format!("redis://:{SECRET}@127.0.0.1:6379");
    let instead = ["not shown", "Give the path of a file, or set"];
    for (name, value, key, remedy) in [
        (
            "HP_API__APP_SECRET_FILE",
            SECRET,
            "api.app_secret_file",
            &instead[..],
        ),
        (
            "HP_API__APP_SECRET_FILE",
            &with_slashes,
            "api.app_secret_file",
            &instead,
        ),
        ("HP_API__APP_ID_FILE", SECRET, "api.app_id_file", &instead),
        ("HP_REDIS__URL_FILE", &url, "redis.url_file", &instead),
        (
            "HP_API__RSA_PRIVATE_KEY_FILE",
            &pem,
            "api.rsa_private_key_file",
            &instead,
        ),
        (
            "HP_API__RSA_SERVER_KEY_FILE",
            &pem,
            "api.rsa_server_key_file",
            &instead,
        ),
    ] {
        assert_hidden(&world, &[], &[(name, value)], &[&[key], remedy].concat());
    }
    // A path is shown, so that the operator finds the typing error.
    let mut settings = world.settings(&[("HP_API__APP_SECRET_FILE", "/dev/app-secret")]);
    settings.retain(|(name, _)| name != "HP_API__APP_SECRET");
    let output = Worker::output(&["config"], &settings);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("api.app_secret_file is `/dev/app-secret`"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_in_a_wrong_address_is_not_shown() {
    let world = World::start();
    for url in [
        SECRET.to_owned(),
        format!("{SECRET}/abc+def="),
        format!(":{SECRET}"),
        format!("redis://shop:{SECRET}"),
        format!("redis://shop:12{SECRET}@"),
        format!("redis://:{SECRET}/a@127.0.0.1:6379"),
        format!("redis://:a/{SECRET}@127.0.0.1:6379"),
        format!("redis://:a#{SECRET}@127.0.0.1:6379"),
        format!("redis://:a?{SECRET}@127.0.0.1:6379"),
        format!("redis://shop:1/{SECRET}@127.0.0.1:6379"),
        format!("redis://shop:1#{SECRET}@127.0.0.1:6379"),
        format!("redis://:a{SECRET}/b?c@127.0.0.1"),
        format!("redis:/:{SECRET}@127.0.0.1:6379"),
        format!("http://shop:{SECRET}@127.0.0.1:6379"),
        format!("redis+cluster://shop:{SECRET}"),
        format!("redis+cluster://a:7000,shop:{SECRET}"),
        format!("redis+cluster://:{SECRET}/x@a:7000,b"),
        format!("redis+sentinel://shop:{SECRET}/mymaster"),
        format!("redis+sentinel://:{SECRET}/x@a:26379/mymaster"),
        format!("redis://127.0.0.1:6379?protocol={SECRET}"),
        format!("redis://127.0.0.1:6379/{SECRET}"),
        format!("rediss://127.0.0.1:6379#{SECRET}"),
    ] {
        assert_hidden(&world, &[], &[("HP_REDIS__URL", &url)], &["Redis address"]);
    }
    for url in [
        SECRET.to_owned(),
        format!("https://shop:{SECRET}@api.hitpoints.com"),
        format!("https://api.hitpoints.com/{SECRET}"),
        format!("https://api.hitpoints.com?key={SECRET}"),
    ] {
        assert_hidden(&world, &[], &[("HP_API__BASE_URL", &url)], &["api"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_in_an_unreadable_file_is_not_shown() {
    let world = World::start();
    let many_lines = "\n".repeat(12_000);
    for text in [
        format!("[api]\napp_secret = {SECRET}\n"),
        format!("[api]\napp_secret = \"{SECRET}\n"),
        format!("[api]\napp_secret = \"\"\"{SECRET}\n"),
        format!("[api]\napp_secret = '{SECRET}'x\n"),
        format!("[api]\napp_secret = \"\\q{SECRET}\"\n"),
        format!("[api]\napp_secret: {SECRET}\n"),
        format!("[api]\napp_secret = \"a\"\napp_secret = \"{SECRET}\"\n"),
        format!("[api]\napp_secret {SECRET} = 1\n"),
        format!("[api]\n{SECRET}\n"),
        format!("{many_lines}[api]\napp_secret = {SECRET}\n"),
        format!("[api]\napp_secret = [\"{SECRET}\", ]]\n"),
        format!("{{\"api\": {{\"app_secret\": \"{SECRET}\"}}}}"),
        format!("[redis]\nurl = redis://:{SECRET}@127.0.0.1\n"),
    ] {
        let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
        std::fs::write(&file, &text).unwrap();
        let path = file.path().to_str().unwrap();
        assert_hidden(&world, &["--config", path], &[], &[]);
    }
}
