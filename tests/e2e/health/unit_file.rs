//! The unit for systemd fits the program.

use std::{fs, path::PathBuf, time::Duration};

use e2e::Worker;
use tempfile::tempdir;

/// The values of a key, in their order.
fn values(unit: &str, key: &str) -> Vec<String> {
    let lines = unit.lines();
    lines
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .map(str::to_owned)
        .collect()
}

fn unit() -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join("deploy/systemd/hp-worker.service")).unwrap()
}

fn seconds(unit: &str, key: &str) -> Duration {
    let value = values(unit, key).remove(0);
    Duration::from_secs(value.strip_suffix('s').unwrap().parse().unwrap())
}

/// The unit gives its secrets to the program as the program expects them.
#[test]
fn unit_sets_known_settings_only() {
    let (unit, folder) = (unit(), tempdir().unwrap());
    let dir = folder.path().to_str().unwrap();
    let credentials = values(&unit, "LoadCredential");
    assert!(credentials.len() > 1, "{credentials:?}");
    for credential in &credentials {
        let (name, source) = credential.split_once(':').unwrap();
        assert_eq!(source, format!("/etc/hp-worker/{name}"));
        let content = match name {
            "redis-url" => "redis://:hunter2@redis.example.com",
            _ => "a-secret-of-a-test",
        };
        fs::write(folder.path().join(name), content).unwrap();
    }
    let mut settings = vec![
        (
            "HP_API__BASE_URL".to_owned(),
            "https://api.hitpoints.com".to_owned(),
        ),
        ("HP_API__APP_ID".to_owned(), "demo".to_owned()),
    ];
    for variable in values(&unit, "Environment") {
        let (name, value) = variable.split_once('=').unwrap();
        settings.push((name.into(), value.replace("%d", dir)));
    }
    assert_eq!(settings.len(), 2 + credentials.len());
    let output = Worker::output(&["config"], &settings);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("redis://redis.example.com"), "{text}");
    let command = values(&unit, "ExecStart").remove(0);
    assert!(command.ends_with("/worker --config /etc/hp-worker/worker.toml run"));
}

/// systemd kills a process that needs longer.
#[test]
fn unit_waits_longer_than_the_worker_drains() {
    let unit = unit();
    let defaults = "../crates/worker/src/config/defaults.toml";
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let defaults = fs::read_to_string(root.join(defaults)).unwrap();
    let drain = defaults
        .lines()
        .find_map(|line| line.strip_prefix("drain = "));
    let drain = drain.unwrap().trim_matches('"').strip_suffix('s').unwrap();
    let drain = Duration::from_secs(drain.parse().unwrap());
    assert!(seconds(&unit, "TimeoutStopSec") >= drain + Duration::from_secs(10));
    // The worker reports every five seconds at the latest.
    assert!(seconds(&unit, "WatchdogSec") >= Duration::from_secs(15));
    assert!(seconds(&unit, "TimeoutStartSec") >= Duration::from_secs(15));
    assert_eq!(values(&unit, "Type"), ["notify"]);
    assert_eq!(values(&unit, "RestartPreventExitStatus"), ["2"]);
}

/// Wrong settings do not restart the worker for ever.
#[test]
fn unit_gives_up_after_wrong_settings() {
    let output = Worker::output(&["run"], &[("HP_WORKER__LEASE".into(), "x".into())]);
    assert_eq!(output.status.code(), Some(1));
    let unit = unit();
    let (head, _) = unit.split_once("[Service]").unwrap();
    assert_eq!(values(head, "StartLimitBurst"), ["10"]);
    assert_eq!(values(head, "StartLimitIntervalSec"), ["5min"]);
    // Ten starts with their pauses fit into the interval.
    assert!(seconds(&unit, "RestartSec") * 10 < Duration::from_mins(5));
}
