//! `worker health`: where it asks, and what it says if it gets no answer.

use e2e::{Worker, World};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

use super::{Probe, WELL, health};
use crate::admin_server::address;

const TOKEN: &str = "an-admin-token-of-a-test";

/// Starts a worker that listens at this address. Returns its port, too.
async fn worker_at(world: &World, listen: &str) -> (Worker, String) {
    let worker = world.worker_with(&[("HP_ADMIN__LISTEN", listen), ("HP_ADMIN__TOKEN", TOKEN)]);
    let address = address(&worker).await;
    let port = address.rsplit_once(':').unwrap().1.to_owned();
    (worker, port)
}

#[tokio::test(flavor = "multi_thread")]
async fn health_asks_at_every_kind_of_address() {
    let world = World::start();
    for host in ["0.0.0.0", "[::]", "[::1]", "127.0.0.2", "[::ffff:0.0.0.0]"] {
        let (worker, port) = worker_at(&world, &format!("{host}:0")).await;
        worker.wait_for_log("product list fetched").await;
        let listen = format!("{host}:{port}");
        let settings = [("HP_ADMIN__LISTEN", &*listen), ("HP_ADMIN__TOKEN", TOKEN)];
        let (code, text) = health(&["--live"], &settings);
        assert_eq!((code, &*text), (0, "live    ok\n"), "{listen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_finds_a_worker_without_ipv6() {
    let world = World::start();
    let (_worker, port) = worker_at(&world, "127.0.0.1:0").await;
    let listen = format!("[::]:{port}");
    let settings = [("HP_ADMIN__LISTEN", &*listen), ("HP_ADMIN__TOKEN", TOKEN)];
    assert_eq!(health(&["--live"], &settings).0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_needs_the_token() {
    let world = World::start();
    let (_worker, port) = worker_at(&world, "0.0.0.0:0").await;
    let listen = format!("127.0.0.1:{port}");
    for token in [None, Some("another-token-of-a-test")] {
        let mut settings = vec![("HP_ADMIN__LISTEN", &*listen)];
        settings.extend(token.map(|token| ("HP_ADMIN__TOKEN", token)));
        let (code, text) = health(&[], &settings);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains("refuses the token"), "{text}");
        assert!(
            !text.contains(TOKEN) && !text.contains("another-token"),
            "{text}"
        );
    }
    let probe = Probe {
        address: listen.clone(),
    };
    for path in ["/livez", "/readyz", "/healthz"] {
        let answer = probe.get(path).await;
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.body.starts_with("send the token"), "{answer:?}");
        let right = format!("Authorization: Bearer {TOKEN}");
        let line = format!("GET {path} HTTP/1.1");
        let answer = probe.request(&line, &[&right]).await;
        assert_ne!(answer.status, 401, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_json_has_what_was_asked_for() {
    let world = World::start();
    let worker = world.worker();
    let probe = Probe::of(&worker).await;
    probe.assert_well().await;
    let json = |words: &[&str]| -> Value {
        let (code, text) = probe.health(&[words, &["--json"]].concat());
        assert_eq!(code, 0, "{text}");
        serde_json::from_str(&text).unwrap()
    };
    let both = json(&[]);
    assert_eq!(both["live"]["ok"], true);
    assert_eq!(both["ready"]["checks"]["redis"], "ok");
    assert_eq!(json(&["--live"])["ready"], Value::Null);
    assert_eq!(json(&["--ready"])["live"], Value::Null);

    drop(worker);
    let (code, text) = probe.health(&["--json"]);
    assert_eq!(code, 1);
    let error: Value = serde_json::from_str(&text).unwrap();
    assert!(error["error"].as_str().unwrap().contains("nobody listens"));
}

#[tokio::test(flavor = "multi_thread")]
async fn health_without_an_address_says_what_to_do() {
    for (listen, words) in [
        ("", "admin.listen is empty"),
        ("127.0.0.1:0", "Set a port, such as 9464"),
    ] {
        let (code, text) = health(&[], &[("HP_ADMIN__LISTEN", listen)]);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(words), "{text}");
    }
    let both = health(&["--live", "--ready"], &[]);
    assert_eq!(both.0, 2, "{}", both.1);
}

/// A server that sends these bytes to each client after a request has arrived.
async fn server(answer: &'static [u8]) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serve = async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(answer).await;
            if answer.is_empty() {
                // Answers nothing and closes nothing.
                open.push(stream);
            }
        }
    };
    (address, tokio::spawn(serve))
}

#[tokio::test(flavor = "multi_thread")]
async fn health_believes_no_other_program() {
    for (answer, words) in [
        (&b""[..], "does not answer within 3s"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "200 OK without a report"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "200 OK without a report"),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "404 Not Found"),
        (
            b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            "503 Service Unavailable without a report",
        ),
        (b"-ERR unknown command\r\n", "gives no report of its health"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"worker\":",
            "gives no report of its health",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 34\r\n\r\n{\"worker\":\"a\",\"version\":\"\",\"x\":{}}",
            "without what was asked for",
        ),
    ] {
        let (address, server) = server(answer).await;
        let (code, text) = health(&[], &[("HP_ADMIN__LISTEN", &address)]);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains(words), "no `{words}` in {text}");
        server.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_parts_decide_the_exit_code() {
    const BODY: &str = r#"{"worker":"a","version":"1","live":{"ok":true,"checks":{"poller":"ok"}},"ready":{"ok":false,"checks":{"redis":"failed: gone","start":"ok"}}}"#;
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let (address, _server) = server(answer.leak().as_bytes()).await;
    let settings = [("HP_ADMIN__LISTEN", &*address)];
    let live = (0, "live    ok\n".to_owned());
    assert_eq!(health(&["--live"], &settings), live);
    let ready = (1, "ready   redis failed: gone\n".to_owned());
    assert_eq!(health(&["--ready"], &settings), ready);
    let both = (1, "live    ok\nready   redis failed: gone\n".to_owned());
    assert_eq!(health(&[], &settings), both);
    assert_ne!(both.1, WELL);
}
