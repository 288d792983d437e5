//! The admin server: whatever its clients do, orders go on, and nobody without the token gets an answer.

use std::{fs, os::unix::fs::PermissionsExt};

use e2e::{Worker, World};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tempfile::tempdir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const TOKEN: &str = "an-admin-token-of-a-test";

/// Returns the admin address in the worker's log.
pub(crate) async fn address(worker: &Worker) -> String {
    worker.wait_for_log("metrics served").await;
    let log = worker.log();
    let (_, address) = log.split_once("\"url\":\"http://").unwrap();
    address.split_once("/metrics").unwrap().0.to_owned()
}

/// Sends a request, with an end of line after each line. Returns the answer.
pub(crate) async fn send(address: &str, lines: &[&str]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = [lines, &["Connection: close", "", ""]]
        .concat()
        .join("\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    read_answer(&mut stream).await
}

/// Reads until the worker closes the connection, which it may do although there is more to read for it.
async fn read_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

/// Sends a GET request as Prometheus does. Returns the answer.
pub(crate) async fn http_get(worker: &Worker, path: &str) -> String {
    let request_line = format!("GET {path} HTTP/1.1");
    send(&address(worker).await, &[&request_line, "Host: localhost"]).await
}

fn assert_status(answer: &str, status: &str) {
    let start = format!("HTTP/1.1 {status} ");
    assert!(answer.starts_with(&start), "no {status}: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_answers_carry_security_headers() {
    let world = World::start();
    let worker = world.worker();
    let address = address(&worker).await;
    let local = "Host: 127.0.0.1:9464";
    for (request, status) in [
        (["GET /metrics HTTP/1.1", local], "200"),
        (["HEAD /metrics HTTP/1.1", local], "200"),
        (["POST /metrics HTTP/1.1", local], "405"),
        (["DELETE /metrics HTTP/1.1", local], "405"),
        (["PURR /metrics HTTP/1.1", local], "405"),
        (["GET / HTTP/1.1", local], "404"),
        (["GET //metrics HTTP/1.1", local], "404"),
        (["GET /metrics/../x HTTP/1.1", local], "404"),
        (["OPTIONS * HTTP/1.1", local], "404"),
        (["GET /metrics HTTP/1.1", "Host: evil.example"], "421"),
        (["GET /metrics HTTP/1.1", "Accept: */*"], "421"),
    ] {
        let answer = send(&address, &request).await;
        assert_status(&answer, status);
        let answer = answer.to_ascii_lowercase();
        for header in [
            "x-content-type-options: nosniff",
            "cache-control: no-store",
            "content-security-policy: default-src 'none'; frame-ancestors 'none'",
            "referrer-policy: no-referrer",
            "x-frame-options: deny",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(answer.contains(&format!("\r\n{header}\r\n")), "{answer}");
        }
        for unwanted in ["\r\nserver:", "access-control-", "hyper", "axum"] {
            assert!(!answer.contains(unwanted), "{unwanted} in {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_token_is_demanded_for_every_path() {
    let world = World::start();
    let folder = tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let worker = world.worker_with(&[
        ("HP_ADMIN__LISTEN", "0.0.0.0:0"),
        ("HP_ADMIN__TOKEN_FILE", file.to_str().unwrap()),
        ("HP_LOG__FILTER", "trace"),
    ]);
    let address = address(&worker).await.replace("0.0.0.0", "127.0.0.1");
    // Whoever has the token may use any name: others reach this address, too.
    let host = "Host: worker.example";
    let right = format!("Authorization: Bearer {TOKEN}");
    for path in ["/metrics", "/", "/unknown"] {
        let line = format!("GET {path} HTTP/1.1");
        for wrong in ["Accept: */*", "Authorization: Bearer wrong-wrong-wrong"] {
            let answer = send(&address, &[&line, host, wrong]).await;
            assert_status(&answer, "401");
            assert!(answer.contains("www-authenticate: Bearer\r\n"), "{answer}");
        }
        let answer = send(&address, &[&line, host, &right]).await;
        assert_status(&answer, if path == "/metrics" { "200" } else { "404" });
    }
    let metrics = send(&address, &["GET /metrics HTTP/1.1", host, &right]).await;
    let refusals = "hp_admin_refusals_total{reason=\"token\"} 6\n";
    assert!(metrics.contains(refusals), "{metrics}");
    assert!(!worker.log().contains(TOKEN) && !metrics.contains(TOKEN));
    worker.wait_for_log("a secret is exposed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_refuses_what_is_too_large() {
    let world = World::start();
    let worker = world.worker();
    let address = address(&worker).await;
    let (get, host) = ("GET /metrics HTTP/1.1", "Host: localhost");
    let filler = format!("X: {}", "a".repeat(30_000));
    assert_status(&send(&address, &[get, host, &filler]).await, "431");
    let many = [&[get, host][..], &["X: y"; 70]].concat();
    assert_status(&send(&address, &many).await, "431");
    let huge = [
        "POST /metrics HTTP/1.1",
        host,
        "Content-Length: 99999999999",
    ];
    assert_status(&send(&address, &huge).await, "413");
    let chunked = ["POST /metrics HTTP/1.1", host, "Transfer-Encoding: chunked"];
    assert_status(&send(&address, &chunked).await, "413");
    assert_status(&send(&address, &["\0\u{1}\u{2}", "rubbish"]).await, "400");
    assert_status(&send(&address, &[get, host]).await, "200");
}

/// What hostile clients send first, and then nothing more.
const BEGINNINGS: [&[u8]; 5] = [
    b"",
    b"G",
    b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n",
    b"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
];

/// Opens connections that never send a whole request.
async fn open_slow_connections(address: &str, n: usize) -> Vec<TcpStream> {
    // Many systems allow 1024 open files unless a process asks for more.
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    let mut streams = Vec::new();
    for beginning in BEGINNINGS.iter().cycle().take(n) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Fails if the worker has refused the connection already.
        let _ = stream.write_all(beginning).await;
        streams.push(stream);
    }
    streams
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_admin_clients_do_not_delay_orders() {
    let world = World::start();
    let worker = world.worker();
    let address = address(&worker).await;
    let slow = open_slow_connections(&address, 1000).await;
    let endless = tokio::spawn({
        let address = address.clone();
        async move { send_headers_without_end(&address).await }
    });
    for n in 0..20 {
        world.enqueue(&format!("A-{n}"), 1).await;
    }
    for n in 0..20 {
        let id = format!("A-{n}");
        assert_eq!(world.result(&id).await["status"], "completed");
        assert_eq!(world.charge_count(&id), 1);
    }
    endless.abort();
    drop(slow);
    let refused = count_refused_connections(&address).await;
    assert!(refused >= 900, "only {refused} connections were refused");
}

async fn send_headers_without_end(address: &str) {
    loop {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\n").await;
        while stream.write_all(b"X: y\r\n").await.is_ok() {}
    }
}

/// Asks until a connection is free, because the worker notices the end of the slow ones a moment later.
async fn count_refused_connections(address: &str) -> u64 {
    loop {
        let answer = send(address, &["GET /metrics HTTP/1.1", "Host: localhost"]).await;
        if let Some((_, count)) =
            answer.split_once("hp_admin_refusals_total{reason=\"connections\"} ")
        {
            return count.lines().next().unwrap().parse().unwrap();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn admin_connection_serves_pipelined_requests() {
    let world = World::start();
    let worker = world.worker();
    let mut stream = TcpStream::connect(address(&worker).await).await.unwrap();
    let get = "GET / HTTP/1.1\r\nHost: localhost\r\n";
    let requests = format!("{get}\r\n").repeat(50) + &format!("{get}Connection: close\r\n\r\n");
    stream.write_all(requests.as_bytes()).await.unwrap();
    let answers = read_answer(&mut stream).await;
    assert_eq!(answers.matches("HTTP/1.1 404 Not Found").count(), 51);
}
