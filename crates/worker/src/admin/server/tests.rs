use axum::routing::get;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    task::JoinHandle,
    time::Instant,
};

use super::*;

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Starts to serve one connection. Returns the client's end, and a task that ends with the connection.
fn connect() -> (DuplexStream, JoinHandle<()>) {
    let (client, server) = duplex(4096);
    let routes = Router::new().route("/", get("answer"));
    (client, tokio::spawn(serve_connection(server, routes)))
}

/// Sends this again and again, with a pause of a second each time, until the server closes the connection.
async fn send_slowly(client: &mut DuplexStream, bytes: &[u8]) {
    while client.write_all(bytes).await.is_ok() {
        sleep(Duration::from_secs(1)).await;
    }
}

/// Returns what the server sends until it closes the connection.
async fn read_all(client: &mut DuplexStream) -> String {
    let mut bytes = Vec::new();
    let _ = client.read_to_end(&mut bytes).await;
    String::from_utf8(bytes).unwrap()
}

#[tokio::test(start_paused = true)]
async fn idle_connection_is_closed() {
    let began = Instant::now();
    let (client, ended) = connect();
    ended.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), HEAD_LIMIT.as_secs());
    drop(client);

    let began = Instant::now();
    let (mut client, ended) = connect();
    client.write_all(GET).await.unwrap();
    ended.await.unwrap();
    assert_eq!(began.elapsed().as_secs(), HEAD_LIMIT.as_secs());
    assert!(read_all(&mut client).await.ends_with("\r\n\r\nanswer"));
}

#[tokio::test(start_paused = true)]
async fn slow_head_is_given_up() {
    let began = Instant::now();
    let (mut client, ended) = connect();
    client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    send_slowly(&mut client, b"x: y\r\n").await;
    ended.await.unwrap();
    assert!(began.elapsed() <= HEAD_LIMIT + Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn busy_client_loses_its_connection_in_the_end() {
    let began = Instant::now();
    let (client, ended) = connect();
    let (mut answers, mut requests) = tokio::io::split(client);
    let reader = tokio::spawn(async move {
        let mut bytes = Vec::new();
        let _ = answers.read_to_end(&mut bytes).await;
        bytes
    });
    while requests.write_all(GET).await.is_ok() {
        sleep(Duration::from_secs(1)).await;
    }
    ended.await.unwrap();
    let served = reader.await.unwrap();
    assert!(served.ends_with(b"answer"), "no answer is cut off");
    assert!(began.elapsed() >= CONNECTION_LIMIT);
    assert!(began.elapsed() <= CONNECTION_LIMIT + LAST_ANSWER_LIMIT);
}

#[tokio::test(start_paused = true)]
async fn client_that_reads_nothing_is_cut_off() {
    let began = Instant::now();
    let (mut client, ended) = connect();
    // Pipelined, until the answers fill the way back and the server reads no more.
    while client.write_all(GET).await.is_ok() {}
    ended.await.unwrap();
    assert!(began.elapsed() <= CONNECTION_LIMIT + LAST_ANSWER_LIMIT);
}

#[tokio::test(start_paused = true)]
async fn too_large_a_head_is_refused() {
    let filler = b"a".repeat(20 * 1024);
    for head in [
        [b"GET / HTTP/1.1\r\nx: ", &filler[..]].concat(),
        [b"GET /", &filler[..]].concat(),
        [b"GET / HTTP/1.1\r\n", &b"x: y\r\n".repeat(65)[..], b"\r\n"].concat(),
    ] {
        let (client, ended) = connect();
        let (mut answers, mut requests) = tokio::io::split(client);
        let writer = tokio::spawn(async move { requests.write_all(&head).await });
        let mut answer = String::new();
        let _ = answers.read_to_string(&mut answer).await;
        ended.await.unwrap();
        let _ = writer.await;
        let is_refused = answer.starts_with("HTTP/1.1 431") || answer.starts_with("HTTP/1.1 414");
        assert!(is_refused, "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_answered_in_turn() {
    let (mut client, ended) = connect();
    client.write_all(&GET.repeat(20)).await.unwrap();
    ended.await.unwrap();
    let answers = read_all(&mut client).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 20);
}
