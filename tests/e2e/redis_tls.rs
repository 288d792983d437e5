//! Redis that accepts only TLS and only clients with a certificate: one server, a cluster, and Sentinel.

use e2e::{
    Protection, Redis, Server, Worker, World, assert_fields, certificate_file, password_of,
    secret_file,
};
use hp_sandbox::Options;
use nix::sys::signal::Signal;

use crate::redis_errors::{assert_plain, errors_with};

fn world(redis: Redis) -> World {
    World::with_redis(redis, Options::local())
}

/// The output of a command that succeeds.
fn output(words: &[&str], settings: &[(String, String)]) -> String {
    let output = Worker::output(words, settings);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_only_redis_serves_every_command() {
    let world = world(Redis::protected(Protection::TLS));
    let worker = world.worker();
    let settings = world.settings(&[]);
    output(&e2e::ENQUEUE, &settings);
    assert_fields!(world.result("A-1").await, { "status": "completed", "attempts": "1" });
    for words in [
        &["status"][..],
        &["doctor"],
        &["orders"],
        &["results", "--group", "till", "--consumer", "me"],
        &["pause", "--why", "a test"],
        &["resume"],
    ] {
        output(words, &settings);
    }
    worker.signal(Signal::SIGTERM);
    let mut worker = worker;
    assert!(worker.wait_for_exit().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_only_cluster_with_users_buys() {
    let world = world(Redis::protected_cluster(Protection::FULL));
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    assert_fields!(world.result("A-1").await, { "status": "completed", "attempts": "1" });
    output(&["doctor"], &world.settings(&[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_only_sentinel_with_users_fails_over() {
    let mut world = world(Redis::protected_sentinel(Protection::FULL));
    let _worker = world.worker();
    world.enqueue("A-1", 1).await;
    assert_fields!(world.result("A-1").await, { "status": "completed" });
    world.redis.replicated().await;
    world.redis.fail_over(Signal::SIGKILL);
    world.enqueue("A-2", 1).await;
    assert_fields!(world.result("A-2").await, { "status": "completed" });
    assert_eq!(world.charge_count("A-2"), 1);
}

/// Settings for a Redis with TLS at this port, with a client certificate if one is named.
fn settings(
    world: &World,
    url: &str,
    authority: &str,
    certificate: Option<&str>,
) -> Vec<(String, String)> {
    let file = |name: &str| certificate_file(name).display().to_string();
    let names = ["HP_REDIS__CLIENT_CERT_FILE", "HP_REDIS__CLIENT_KEY_FILE"];
    let mut settings = world.settings(&[("HP_REDIS__URL", url)]);
    let is_of_tls = |name: &String| name == "HP_REDIS__CA_FILE" || names.contains(&&**name);
    settings.retain(|(name, _)| !is_of_tls(name));
    settings.push(("HP_REDIS__CA_FILE".into(), file(authority)));
    for (name, end) in names.into_iter().zip(["crt", "key"]) {
        settings.extend(certificate.map(|kind| (name.into(), file(&format!("{kind}.{end}")))));
    }
    settings
}

/// Every way to name a server, which leads to it, to a cluster or to Sentinels.
fn forms(address: &str) -> [String; 3] {
    [
        format!("rediss://{address}"),
        format!("rediss+cluster://{address}"),
        format!("rediss+sentinel://{address}/mymaster"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_client_certificate_is_named() {
    let world = world(Redis::protected(Protection::TLS));
    let address = world.redis.server().address();
    for (certificate, cause, remedy) in [
        (
            None,
            "Redis demands a client certificate",
            "redis.client_cert_file",
        ),
        (
            Some("expired"),
            "because it has expired",
            "redis.client_cert_file",
        ),
        (
            Some("stranger"),
            "does not know the authority that signed the client certificate",
            "tls-ca-cert-file",
        ),
    ] {
        for url in forms(&address) {
            let text = errors_with(&settings(&world, &url, "ca.crt", certificate));
            assert_plain(&text, &[cause, remedy]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_server_certificate_is_named() {
    let world = World::start();
    let file = |name: &str| certificate_file(name).display().to_string();
    let start = |kind: &str| {
        let port = free_port();
        let (certificate, key) = (file(&format!("{kind}.crt")), file(&format!("{kind}.key")));
        let authority = file("ca.crt");
        let server = Server::start(&format!(
            "--tls-port {port} --tls-auth-clients no --tls-cert-file {certificate} --tls-key-file {key} --tls-ca-cert-file {authority}"
        ));
        (server, port)
    };
    let unknown = [
        "an authority that this machine does not know",
        "redis.ca_file",
    ];
    for (kind, authority, words) in [
        ("server", "other-ca.crt", unknown),
        ("stranger", "ca.crt", unknown),
        (
            "expired",
            "ca.crt",
            ["the certificate of Redis has expired", "clock"],
        ),
        ("elsewhere", "ca.crt", ["is for another host", "redis.url"]),
    ] {
        let (_server, port) = start(kind);
        for url in forms(&format!("127.0.0.1:{port}")) {
            let text = errors_with(&settings(&world, &url, authority, None));
            assert_plain(&text, &words);
        }
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_port_for_tls_is_named() {
    let world = world(Redis::protected(Protection::TLS));
    let plain = Server::start("");
    for (url, word) in [
        (
            format!("redis://shop:hunter2@{}", world.redis.server().address()),
            "Redis closes the connection",
        ),
        (
            format!("rediss://shop:hunter2@{}", plain.address()),
            "does not answer in time",
        ),
    ] {
        let mut settings = settings(&world, &url, "ca.crt", Some("client"));
        if url.starts_with("redis:") {
            settings.retain(|(name, _)| !name.ends_with("_FILE"));
        }
        let text = errors_with(&settings);
        let setting = "rediss:// is for a port with TLS, redis:// for one without";
        assert_plain(&text, &[word, setting, "redis.client_cert_file"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_password_of_a_file_is_named_not_shown() {
    let world = world(Redis::protected_sentinel(Protection::FULL));
    let folder = tempfile::tempdir().unwrap();
    let wrong = secret_file(folder.path(), "wrong", "hunter2\n");
    let wrong = wrong.to_str().unwrap();
    for (variable, setting) in [
        ("HP_REDIS__PASSWORD_FILE", "redis.password"),
        (
            "HP_REDIS__SENTINEL_PASSWORD_FILE",
            "redis.sentinel_password",
        ),
    ] {
        let text = errors_with(&world.settings(&[(variable, wrong)]));
        assert_plain(&text, &["refuses this user or this password", setting]);
    }
    // Without any login.
    let mut settings = world.settings(&[]);
    settings.retain(|(name, _)| !name.contains("PASSWORD") && !name.contains("USERNAME"));
    let text = errors_with(&settings);
    assert_plain(
        &text,
        &["demands a password", "redis.sentinel_password_file"],
    );
    // The right ones work, with a line end that an editor has added.
    let right = secret_file(folder.path(), "right", &(password_of("operator") + "\r\n"));
    let settings = world.settings(&[("HP_REDIS__PASSWORD_FILE", right.to_str().unwrap())]);
    output(&["status"], &settings);
}
