//! Connections over TLS with a certificate of a private authority, and through a proxy.

use std::net::SocketAddr;

use e2e::{
    Worker, World, assert_fields,
    tls::{HttpProxy, TlsFront, authority},
};

/// `Basic` and `shop:p@ss` in base64.
const LOGIN: &str = "Basic c2hvcDpwQHNz";

/// The address of the vendor.
pub(crate) fn address(world: &World) -> SocketAddr {
    let url = world.sandbox.base_url();
    url.trim_start_matches("http://").parse().unwrap()
}

/// The output of a command that fails.
async fn failure(words: &[&str], settings: Vec<(String, String)>) -> String {
    let mut command = Worker::command(words, &settings);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    assert_ne!(output.status.code(), Some(0), "{output:?}");
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn order_is_bought_over_tls_of_a_private_authority() {
    let world = World::start();
    let front = TlsFront::start(address(&world)).await;
    let url = format!("https://localhost:{}", front.port());
    let authority = authority();
    let _worker = world.worker_with(&[
        ("HP_API__BASE_URL", &url),
        ("HP_API__CA_FILE", authority.to_str().unwrap()),
    ]);
    world.enqueue("A-1", 1).await;
    assert_fields!(world.result("A-1").await, { "status": "completed", "attempts": "1" });

    let settings = world.settings(&[("HP_API__BASE_URL", &url)]);
    let text = failure(&["products"], settings).await;
    assert!(
        text.contains("CA file") && text.contains("UnknownIssuer"),
        "{text}"
    );
}

#[tokio::test]
async fn order_is_bought_through_a_proxy() {
    let world = World::start();
    let front = TlsFront::start(address(&world)).await;
    let proxy = HttpProxy::start(Some(LOGIN)).await;
    let url = format!("https://localhost:{}", front.port());
    let authority = authority();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proxy");
    std::fs::write(&file, format!("http://shop:p%40ss@{}\n", proxy.addr())).unwrap();
    let _worker = world.worker_with(&[
        ("HP_API__BASE_URL", &url),
        ("HP_API__CA_FILE", authority.to_str().unwrap()),
        ("HP_API__PROXY_FILE", file.to_str().unwrap()),
    ]);
    world.enqueue("A-1", 1).await;
    assert_fields!(world.result("A-1").await, { "status": "completed", "attempts": "1" });
    let target = format!("localhost:{}", front.port());
    assert!(proxy.targets().iter().all(|seen| *seen == target));
    assert!(!proxy.targets().is_empty());
}

#[tokio::test]
async fn proxy_that_refuses_is_named_without_its_password() {
    let world = World::start();
    let front = TlsFront::start(address(&world)).await;
    let strict = HttpProxy::start(Some(LOGIN)).await.addr();
    let proxy = HttpProxy::start(Some(LOGIN)).await;
    let url = format!("https://localhost:{}", front.port());
    let refusals = [
        (
            url.as_str(),
            format!("http://{}", proxy.addr()),
            "answered 407: it wants a user",
        ),
        (
            &url,
            format!("http://shop:hunter2@{}", proxy.addr()),
            "does not accept this user and password",
        ),
        (
            "https://127.0.0.1:1",
            format!("http://shop:p%40ss@{}", proxy.addr()),
            "cannot reach 127.0.0.1:1",
        ),
        // A server that is no proxy, and a port without a server.
        (
            &url,
            format!("http://shop:hunter2@127.0.0.1:{}", front.port()),
            "the proxy 127.0.0.1:",
        ),
        (
            &url,
            format!("http://shop:hunter2@{strict}"),
            "cannot connect to the proxy 127.0.0.1:",
        ),
    ];
    for (url, proxy, expected) in refusals {
        let settings = [("HP_API__BASE_URL", url), ("HP_API__PROXY", &proxy)];
        for command in ["products", "doctor"] {
            let text = failure(&[command], world.settings(&settings)).await;
            assert!(text.contains(expected), "no {expected} in {text}");
            assert!(
                !text.contains("hunter2") && !text.contains("c2hvc"),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn unused_proxy_variable_is_named() {
    let world = World::start();
    let api = [("HP_API__BASE_URL", "https://127.0.0.1:1")];
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"] {
        for command in ["products", "doctor"] {
            let mut settings = world.settings(&api);
            settings.push((variable.into(), "http://shop:hunter2@proxy".into()));
            let text = failure(&[command], settings).await;
            for word in [variable, "api.proxy"] {
                assert!(text.contains(word), "no {word} in {text}");
            }
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
    let text = failure(&["products"], world.settings(&api)).await;
    assert!(!text.contains("api.proxy"), "{text}");
}

#[tokio::test]
async fn redis_is_reached_over_tls_of_a_private_authority() {
    let world = World::start();
    let redis = world.redis.url();
    let Some(server) = redis.strip_prefix("redis://") else {
        // The address of a cluster or of Sentinels names other servers.
        return;
    };
    let front = TlsFront::start(server.trim_end_matches('/').parse().unwrap()).await;
    let url = format!("rediss://localhost:{}", front.port());
    let authority = authority();
    let settings = [
        ("HP_REDIS__URL", &*url),
        ("HP_REDIS__CA_FILE", authority.to_str().unwrap()),
    ];
    let _worker = world.worker_with(&settings);
    world.enqueue("A-1", 1).await;
    assert_fields!(world.result("A-1").await, { "status": "completed" });
    let unknown = world.settings(&[("HP_REDIS__URL", &url)]);
    failure(&["status"], unknown).await;

    let plain = world.settings(&[settings[1]]);
    let text = failure(&["config"], plain).await;
    assert!(text.contains("rediss"), "{text}");
}

#[tokio::test]
async fn config_shows_authorities_and_the_proxy_without_password() {
    let world = World::start();
    let authority = authority();
    let settings = world.settings(&[
        ("HP_API__CA_FILE", authority.to_str().unwrap()),
        ("HP_API__PROXY", "http://shop:hunter2@proxy:3128"),
    ]);
    let output = Worker::output(&["config"], &settings);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("proxy = \"http://proxy:3128\""), "{text}");
    assert!(
        text.contains("ca.crt") && !text.contains("hunter2"),
        "{text}"
    );

    let key = authority.with_file_name("issued.key");
    let text = failure(
        &["config"],
        world.settings(&[("HP_API__CA_FILE", key.to_str().unwrap())]),
    )
    .await;
    assert!(
        text.contains("api.ca_file") && text.contains("a key and no certificate"),
        "{text}"
    );
}
