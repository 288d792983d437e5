//! The proxy's links do what their names say.

use std::{net::SocketAddr, time::Duration};

use e2e::proxy::{Link, Proxy};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Starts a server that returns each byte.
async fn start_echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    addr
}

async fn connect_through_proxy() -> (Proxy, TcpStream) {
    let proxy = Proxy::start(start_echo().await, 7).await;
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(echo(&mut stream, 1).await.unwrap(), 1);
    (proxy, stream)
}

async fn echo(stream: &mut TcpStream, byte: u8) -> std::io::Result<u8> {
    stream.write_u8(byte).await?;
    stream.read_u8().await
}

#[tokio::test]
async fn cut_link_resets_old_and_new_connections() {
    let (proxy, mut open) = connect_through_proxy().await;
    proxy.set(Link::Cut);
    assert!(open.read_u8().await.is_err());
    let mut new = TcpStream::connect(proxy.addr()).await.unwrap();
    assert!(echo(&mut new, 2).await.is_err());
    proxy.set(Link::Pass);
    let mut healed = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(echo(&mut healed, 3).await.unwrap(), 3);
}

#[tokio::test]
async fn stalled_link_delivers_afterwards() {
    let (proxy, mut open) = connect_through_proxy().await;
    proxy.set(Link::Stall);
    open.write_u8(2).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(100), open.read_u8()).await;
    assert!(early.is_err(), "a stalled link delivered a byte");
    proxy.set(Link::Pass);
    assert_eq!(open.read_u8().await.unwrap(), 2);
}

#[tokio::test]
async fn slow_link_carries_everything() {
    let (proxy, mut open) = connect_through_proxy().await;
    proxy.set(Link::Slow(Duration::from_millis(5)));
    for byte in 2..20 {
        assert_eq!(echo(&mut open, byte).await.unwrap(), byte);
    }
}

/// Starts a server that sends one byte on each connection.
async fn start_greeting(byte: u8) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut greeted = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_u8(byte).await;
            greeted.push(stream);
        }
    });
    addr
}

#[tokio::test]
async fn new_target_serves_new_connections_only() {
    let (proxy, mut open) = connect_through_proxy().await;
    proxy.set_target(start_greeting(9).await);
    let mut new = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(new.read_u8().await.unwrap(), 9);
    assert_eq!(echo(&mut open, 2).await.unwrap(), 2);
    proxy.close_connections();
    for stream in [&mut open, &mut new] {
        assert!(stream.read_u8().await.is_err());
    }
    let mut again = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(again.read_u8().await.unwrap(), 9);
}
