//! Failures before the first byte of a request: the vendor certainly charged nothing.

use std::time::Duration;

use hp_api::{CallError, Client, Outcome, Refusal, RefusalKind};
use tokio::{io::AsyncReadExt, net::TcpListener};

use super::{
    answers::{order, signed},
    builder, client,
    server::{Reply, Server},
    wanted,
};

async fn assert_never_sent(client: &Client) {
    let result = client.fetch(&wanted("A-1")).await;
    assert!(matches!(result, Err(CallError::NeverSent(_))), "{result:?}");
    let outcome = Outcome::of(result);
    let Outcome::NotCharged(Refusal { kind, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(kind, RefusalKind::NeverSent);
}

#[tokio::test]
async fn closed_port_is_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_never_sent(&client(&url)).await;
    let connected = client(&url).connect().await;
    assert!(matches!(connected, Err(CallError::NeverSent(_))));
}

#[tokio::test]
async fn connect_sends_no_byte() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    client(&url).connect().await.unwrap();
    let (mut connection, _) = listener.accept().await.unwrap();
    let mut bytes = Vec::new();
    connection.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, b"");
}

#[tokio::test]
async fn unresolvable_name_is_never_sent() {
    // A label of 64 letters is invalid, so the resolver asks no name server.
    let host = format!("{}.invalid", "a".repeat(64));
    let client = builder(&format!("https://{host}")).other_host(&host);
    assert_never_sent(&client.build().unwrap()).await;
}

#[tokio::test]
async fn tls_to_a_plain_text_port_is_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        stream.writable().await.unwrap();
        stream
            .try_write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        std::future::pending::<()>().await;
    });
    assert_never_sent(&client(&url)).await;
}

#[tokio::test]
async fn tls_handshake_timeout_is_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let client = builder(&url)
        .connect_timeout(Duration::from_millis(20))
        .build()
        .unwrap();
    assert_never_sent(&client).await;
}

#[tokio::test]
async fn tls_handshake_cut_off_is_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { drop(listener.accept().await) });
    assert_never_sent(&client(&url)).await;
}

#[tokio::test]
async fn cancelled_request_is_not_sent() {
    let server = Server::start(|_| Reply::Answer(signed(&order("A-1")))).await;
    let client = client(&server.url);
    client.fetch(&wanted("A-1")).await.unwrap();
    let cancelled = client.fetch_if(&wanted("A-1"), || false).await;
    assert_eq!(cancelled, Err(CallError::Cancelled));
    assert_eq!(server.requests().len(), 1);
    client.fetch_if(&wanted("A-1"), || true).await.unwrap();
    let seen = server.requests();
    assert_eq!(
        seen[1].header("content-length"),
        seen[0].header("content-length")
    );
    assert_eq!(seen[1].body.len(), seen[0].body.len());
}
