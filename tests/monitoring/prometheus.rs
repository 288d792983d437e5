//! A real Prometheus with the rules and the configuration of this repository, made fast.

use std::{fs, net::TcpListener, path::Path, process::Stdio};

use e2e::{Notification, Receiver, TIMEOUT};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};

use crate::alerts::{read, rule_files};

/// The token that workers and Prometheus share.
pub(crate) const TOKEN: &str = "an-admin-token-of-a-test";

/// An alert that fires as soon as each target was scraped, and one that fires when orders have ended.
const OF_TESTS: &str = "
groups:
  - name: test
    rules:
      - alert: AllScraped
        expr: min(up) == 1
      - alert: OrdersEnded
        expr: sum(hp_orders_ended_total) >= 20
";

/// Prometheus, which sends its alerts to a receiver. Killed when dropped.
pub(crate) struct Prometheus {
    _process: Child,
    alertmanager: Receiver,
    address: String,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts it with shortened rules, and waits until it has scraped each of these addresses.
    pub(crate) async fn start(targets: &[String]) -> Self {
        Self::start_with(targets, shortened).await
    }

    /// Starts it with rules that `change` returns for those of this repository.
    pub(crate) async fn start_with(targets: &[String], change: impl Fn(&str) -> String) -> Self {
        let alertmanager = Receiver::start().await;
        let folder = tempfile::tempdir().unwrap();
        let sends_to = alertmanager.addr().to_string();
        write_configuration(folder.path(), targets, &sends_to);
        write_rules(&folder.path().join("rules"), change);
        loop {
            // Another process may take the port in between. Then this one exits.
            let address = free_address();
            let mut process = spawn(folder.path(), &address);
            let scraped = |all: &[Notification]| {
                let told = all.iter().any(|one| one.body.contains("AllScraped"));
                told.then_some(())
            };
            tokio::select! {
                () = alertmanager.wait_until("the first scrape", scraped) => {}
                _ = process.wait() => continue,
            }
            return Self {
                _process: process,
                alertmanager,
                address,
                _folder: folder,
            };
        }
    }

    /// Waits until this alert fires, and checks what it says.
    pub(crate) async fn fires(&self, name: &str) {
        let firing = |alerts: &[Value]| alerts.iter().find(|alert| is_firing(alert, name)).cloned();
        let alert = self.wait(&format!("{name} to fire"), firing).await;
        for (field, text) in alert["annotations"].as_object().unwrap() {
            let text = text.as_str().unwrap();
            let is_whole = !text.contains("<no value>") && !text.contains("<error");
            assert!(is_whole && !text.is_empty(), "{name}: {field}: {text}");
        }
    }

    /// Waits until this alert fires no more.
    pub(crate) async fn resolves(&self, name: &str) {
        let resolved = |alerts: &[Value]| {
            let fires = alerts.iter().any(|alert| is_firing(alert, name));
            (!fires).then_some(())
        };
        self.wait(&format!("{name} to resolve"), resolved).await;
    }

    /// The alerts of the rules that are pending or firing.
    pub(crate) async fn active(&self) -> Vec<String> {
        let alerts = self.alerts().await;
        let names = alerts
            .iter()
            .map(|alert| alert["labels"]["alertname"].as_str().unwrap());
        names
            .filter(|name| name.starts_with("Hp"))
            .map(Into::into)
            .collect()
    }

    /// Looks at the alerts each time that Prometheus sends some, which it does at each change.
    async fn wait<T>(&self, what: &str, look: impl Fn(&[Value]) -> Option<T>) -> T {
        let mut active = Vec::new();
        let looking = async {
            loop {
                let seen = self.alertmanager.all().len();
                let alerts = self.alerts().await;
                if let Some(found) = look(&alerts) {
                    return found;
                }
                active = alerts.iter().map(summary).collect();
                let more = |all: &[Notification]| (all.len() > seen).then_some(());
                self.alertmanager.wait_until(what, more).await;
            }
        };
        let found = tokio::time::timeout(TIMEOUT, looking).await;
        found.unwrap_or_else(|_| panic!("timeout while waiting for {what}; active: {active:?}"))
    }

    /// All alerts that are pending or firing.
    async fn alerts(&self) -> Vec<Value> {
        let answer = http_get(&self.address, "/api/v1/alerts").await;
        let mut answer: Value = serde_json::from_str(&answer).unwrap();
        serde_json::from_value(answer["data"]["alerts"].take()).unwrap()
    }
}

fn is_firing(alert: &Value, name: &str) -> bool {
    alert["labels"]["alertname"] == name && alert["state"] == "firing"
}

fn summary(alert: &Value) -> String {
    format!("{} {}", alert["labels"]["alertname"], alert["state"])
}

fn spawn(folder: &Path, address: &str) -> Child {
    Command::new("prometheus")
        .arg(format!(
            "--config.file={}",
            folder.join("prometheus.yml").display()
        ))
        .arg(format!(
            "--storage.tsdb.path={}",
            folder.join("data").display()
        ))
        .arg(format!("--web.listen-address={address}"))
        .stdout(Stdio::null())
        .stderr(fs::File::create(folder.join("log")).unwrap())
        .kill_on_drop(true)
        .spawn()
        .expect("prometheus is needed: .ci/run installs it")
}

/// Writes the configuration of this repository into a folder, with these addresses and short intervals.
fn write_configuration(folder: &Path, targets: &[String], alertmanager: &str) {
    let mut text = read("deploy/monitoring/prometheus.yml");
    let targets: Vec<_> = targets
        .iter()
        .map(|target| format!("\"{target}\""))
        .collect();
    for (old, new) in [
        (
            "\"worker-1:9464\", \"worker-2:9464\"",
            targets.join(", ").as_str(),
        ),
        ("127.0.0.1:9093", alertmanager),
        ("_interval: 15s", "_interval: 300ms"),
    ] {
        assert!(text.contains(old), "no {old} in {text}");
        text = text.replace(old, new);
    }
    fs::write(folder.join("prometheus.yml"), text).unwrap();
    fs::write(folder.join("hp-worker-token"), TOKEN).unwrap();
}

fn write_rules(rules: &Path, change: impl Fn(&str) -> String) {
    fs::create_dir(rules).unwrap();
    fs::write(rules.join("test.yml"), OF_TESTS).unwrap();
    for file in rule_files() {
        let text = read(&format!("deploy/monitoring/rules/{file}.yml"));
        fs::write(rules.join(file + ".yml"), change(&text)).unwrap();
    }
}

/// Shortens each delay to a second, each period that an expression looks back to ten seconds, each bound in minutes to
/// a twentieth of a second for each minute, and each bound in gigabytes to kilobytes.
fn shortened(rules: &str) -> String {
    let lines = rules.lines().map(|line| match line.split_once("for: ") {
        Some((indent, _)) => format!("{indent}for: 1s\n"),
        None => format!("{}\n", shorten_periods(line)),
    });
    let text: String = lines.collect();
    text.replace(" * 60", " * 0.05").replace("1e9", "1e3")
}

/// Replaces what is in square brackets.
fn shorten_periods(line: &str) -> String {
    let mut parts = line.split('[');
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (_, rest) = part.split_once(']').unwrap();
        text += "[10s]";
        text += rest;
    }
    text
}

/// An address that no process uses.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Returns the body of the answer to a request with the token.
pub(crate) async fn http_get(address: &str, path: &str) -> String {
    let answer = request(address, path, TOKEN).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{answer}");
    body.to_owned()
}

/// Returns the whole answer to a request with this token.
pub(crate) async fn request(address: &str, path: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // HTTP/1.0: the body ends with the connection.
    let lines = [
        format!("GET {path} HTTP/1.0"),
        "Host: localhost".into(),
        format!("Authorization: Bearer {token}"),
        "\r\n".into(),
    ];
    stream
        .write_all(lines.join("\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[test]
fn shortened_rules_have_no_long_time() {
    let rules = "expr: a[1h] > 5 * 60 and b[10m] > 1e9\n        for: 30m\n  labels:\n";
    let wanted = "expr: a[10s] > 5 * 0.05 and b[10s] > 1e3\n        for: 1s\n  labels:\n";
    assert_eq!(shortened(rules), wanted);
}
