//! The configuration as an operator sees it: `worker config`, and the errors of `worker run`.

use e2e::{Worker, World};

/// Runs a command with these settings. Returns whether it succeeds, and its output.
fn check(world: &World, arguments: &[&str], more: &[(&str, &str)]) -> (bool, String) {
    let output = Worker::output(arguments, &world.settings(more));
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn config_is_printed_without_secrets() {
    let world = World::start();
    for (url, shown) in [
        ("redis://shop:hunter2@redis:6379/3", "redis://redis:6379/3"),
        (
            "rediss+cluster://shop:hunter2@a:7000,b:7001",
            "rediss+cluster://a:7000,b:7001",
        ),
        (
            "redis+sentinel://shop:hunter2@a,b:26380/mymaster/3?sentinel_password=hunter2",
            "redis+sentinel://a,b:26380/mymaster/3",
        ),
    ] {
        let settings = [("HP_REDIS__URL", url), ("HP_WORKER__LEASE", "2s")];
        let (good, text) = check(&world, &["config"], &settings);
        assert!(good, "{text}");
        let shown = format!("url = {shown:?}");
        for line in ["lease = \"2s\"", "resubmit_after = \"5s 500ms\"", &shown] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(
            !text.contains("demo-secret") && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn environment_overrides_file_overrides_defaults() {
    let world = World::start();
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    std::fs::write(
        &file,
        "[worker]\nlease = \"9s\"\nconcurrency = 5\n[results]\nretention = \"1d\"\n",
    )
    .unwrap();
    let path = file.path().to_str().unwrap();
    let (good, text) = check(
        &world,
        &["--config", path, "config"],
        &[("HP_WORKER__LEASE", "2s")],
    );
    assert!(good, "{text}");
    for line in ["lease = \"2s\"", "concurrency = 5", "drain = \"25s\""] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn secret_is_read_from_a_file() {
    let world = World::start();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "demo-secret\n").unwrap();
    let mut settings =
        world.settings(&[("HP_API__APP_SECRET_FILE", file.path().to_str().unwrap())]);
    settings.retain(|(name, _)| name != "HP_API__APP_SECRET");
    assert!(Worker::output(&["config"], &settings).status.success());
}

#[tokio::test]
async fn bad_value_is_refused_with_key_and_remedy() {
    let world = World::start();
    let cases = [
        (
            ("HP_WORKER__LEASE", "soon"),
            ["worker.lease", "`soon`", "15s"],
        ),
        (
            ("HP_WORKER__LEASE", "0s"),
            ["worker.lease", "`0s`", "longer than zero"],
        ),
        (
            ("HP_WORKER__LEASE", "10ms"),
            ["worker.lease", "1s", "lose its orders"],
        ),
        (
            ("HP_WORKER__CONCURRENCY", "0"),
            ["worker.concurrency", "`0`", "from 1 to 10000"],
        ),
        (
            ("HP_WORKER__RATE", "0"),
            ["worker.rate", "`0`", "calls a second"],
        ),
        (
            ("HP_RETRY__MAX_CRASHES", "0"),
            ["retry.max_crashes", "`0`", "from 1 to 1000"],
        ),
        (
            ("HP_RETRY__MAX", "1ms"),
            ["retry.max", "retry.base", "shorter"],
        ),
        (
            ("HP_RETRY__RESUBMIT_AFTER", "5s"),
            ["retry.resubmit_after", "worker.lease", "charged twice"],
        ),
        (
            ("HP_LEDGER__RETENTION", "1h"),
            ["ledger.retention", "results.retention", "bought again"],
        ),
        (("HP_QUEUE__PREFIX", "hp"), ["queue.prefix", "`hp`", "{hp}"]),
        (
            ("HP_API__BASE_URL", "http://api.hitpoints.com"),
            ["api", "http", "https"],
        ),
        (
            ("HP_API__BASE_URL", "https://api.hitpoints.co"),
            ["api.base_url", "host api.hitpoints.co,", "api.other_host"],
        ),
        (
            ("HP_API__BASE_URL", ""),
            ["api.base_url is empty", "HP_API__BASE_URL", "value"],
        ),
        (
            ("HP_API__APP_ID", ""),
            ["api.app_id is empty", "HP_API__APP_ID", "value"],
        ),
        (
            ("HP_ADMIN__LISTEN", "9464"),
            ["admin.listen", "`9464`", "127.0.0.1:9464"],
        ),
        (
            ("HP_RESULTS__SEAL", "key"),
            ["results.seal", "HP_RESULTS__SEAL", "worker config"],
        ),
        (("HP_LOG__FORMAT", "xml"), ["log.format", "`xml`", "json"]),
    ];
    for (setting, words) in cases {
        assert_refused(&world, setting, words);
    }
}

#[tokio::test]
async fn time_out_of_bounds_is_refused_with_the_reason() {
    let world = World::start();
    let cases = [
        (
            ("HP_WORKER__LEASE", "2h"),
            ["worker.lease", "longer than 1h", "dead worker"],
        ),
        (
            ("HP_API__TIMEOUT", "1ns"),
            ["api.timeout", "shorter than 1s", "no longer waits"],
        ),
        (
            ("HP_API__TIMEOUT", "1h"),
            ["api.timeout", "longer than 10m", "hold up its order"],
        ),
        (
            ("HP_WORKER__DRAIN", "1ms"),
            ["worker.drain", "100ms", "settle the answers"],
        ),
        (
            ("HP_RETRY__BASE", "1ns"),
            ["retry.base", "shorter than 10ms", "flood"],
        ),
        (
            ("HP_RETRY__GIVE_UP_AFTER", "1s"),
            ["retry.give_up_after", "3s", "first retry"],
        ),
        (
            ("HP_RESULTS__RETENTION", "1ms"),
            [
                "results.retention",
                "shorter than 1m",
                "before the shops read",
            ],
        ),
        (
            ("HP_RESULTS__RETENTION", "59s"),
            [
                "results.retention",
                "shorter than 1m",
                "before the shops read",
            ],
        ),
        (
            ("HP_RETRY__RESUBMIT_AFTER", "31days"),
            ["retry.resubmit_after", "30days", "in doubt"],
        ),
        (
            ("HP_RECONCILE__STUCK_AFTER", "1ns"),
            ["reconcile.stuck_after", "1ms", "milliseconds"],
        ),
        (
            ("HP_RECONCILE__SCHEDULE", "0 0 30 2 *"),
            ["reconcile.schedule", "no such time", "*/5 * * * *"],
        ),
        (
            ("HP_RECONCILE__SCHEDULE", "0 0 0 1 1 * 2020"),
            ["reconcile.schedule", "no such time", "*/5 * * * *"],
        ),
    ];
    for (setting, words) in cases {
        assert_refused(&world, setting, words);
    }
}

/// Asserts that `run` refuses this setting, and says so with these words.
fn assert_refused(world: &World, (name, value): (&str, &str), words: [&str; 3]) {
    let (good, text) = check(world, &["run"], &[(name, value)]);
    assert!(!good, "{name}={value} is accepted");
    for word in words {
        assert!(
            text.contains(word),
            "{name}={value}: no `{word}` in: {text}"
        );
    }
}

#[tokio::test]
async fn doubled_secret_and_bad_address_are_refused() {
    let world = World::start();
    let (good, text) = check(
        &world,
        &["config"],
        &[("HP_API__APP_SECRET_FILE", "/dev/null")],
    );
    assert!(
        !good && text.contains("api.app_secret_file are both set"),
        "{text}"
    );
    for url in ["nonsense", "redis+sentinel://:hunter2@redis:26379"] {
        let (good, text) = check(&world, &["config"], &[("HP_REDIS__URL", url)]);
        assert!(!good && !text.contains("hunter2"), "{text}");
        for words in [
            "not a usable Redis address",
            "redis+sentinel://host:port,host:port/master-name",
        ] {
            assert!(text.contains(words), "no `{words}` in: {text}");
        }
    }
}

#[tokio::test]
async fn unreadable_file_is_not_quoted() {
    let world = World::start();
    let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    std::fs::write(&file, "[api]\napp_secret = \"hunter2\" x\n").unwrap();
    let (good, text) = check(
        &world,
        &["--config", file.path().to_str().unwrap(), "config"],
        &[],
    );
    assert!(!good);
    assert!(
        text.contains("line 2") && !text.contains("hunter2"),
        "{text}"
    );
}
