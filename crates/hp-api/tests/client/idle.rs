//! How long a connection waits for its next call.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use hp_api::{Client, Outcome};

use super::{
    answers::{order, signed},
    client,
    server::{Reply, Server},
    wanted,
};

/// Lets this time pass for the client.
async fn pass(millis: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_millis(millis)).await;
    tokio::time::resume();
}

async fn buy(client: &Client) {
    let outcome = Outcome::of(client.fetch(&wanted("A-1")).await);
    assert!(matches!(outcome, Outcome::Charged(_)), "{outcome:?}");
}

fn connections(server: &Server) -> Vec<usize> {
    let requests = server.requests();
    requests.iter().map(|request| request.connection).collect()
}

/// A signed answer with this header.
fn answer_with(header: &str) -> Vec<u8> {
    let answer = String::from_utf8(signed(&order("A-1"))).unwrap();
    answer
        .replacen("\r\n", &format!("\r\n{header}\r\n"), 1)
        .into()
}

#[tokio::test]
async fn connection_is_given_up_before_a_server_closes_it() {
    let server = Server::answering(signed(&order("A-1"))).await;
    let client = client(&server.url);
    buy(&client).await;
    pass(900).await;
    buy(&client).await;
    pass(1100).await;
    buy(&client).await;
    assert_eq!(connections(&server), [0, 0, 1]);
}

#[tokio::test]
async fn stated_timeout_counts() {
    for (header, within, beyond) in [
        ("Keep-Alive: timeout=5, max=100", 3900, 4100),
        ("keep-alive: timeout=1", 400, 600),
    ] {
        let server = Server::answering(answer_with(header)).await;
        let client = client(&server.url);
        buy(&client).await;
        pass(within).await;
        buy(&client).await;
        pass(beyond).await;
        buy(&client).await;
        assert_eq!(connections(&server), [0, 0, 1], "{header}");
    }
}

#[tokio::test]
async fn server_that_closes_early_gets_new_connections() {
    let server = Server::answering(signed(&order("A-1"))).await;
    let client = client(&server.url);
    buy(&client).await;
    pass(800).await;
    server.close(0);
    buy(&client).await;
    pass(300).await;
    buy(&client).await;
    pass(500).await;
    buy(&client).await;
    assert_eq!(connections(&server), [0, 1, 1, 2]);
}

#[tokio::test]
async fn calls_side_by_side_keep_their_connections() {
    const AT_ONCE: usize = 8;
    let server = Server::answering(signed(&order("A-1"))).await;
    let client = client(&server.url);
    for _ in 0..3 {
        join_all((0..AT_ONCE).map(|_| buy(&client))).await;
    }
    let connections = connections(&server);
    assert_eq!(connections.len(), 3 * AT_ONCE);
    assert!(
        connections.iter().all(|connection| *connection < AT_ONCE),
        "{connections:?}"
    );
}

#[tokio::test]
async fn connection_with_a_short_limit_hides_no_other() {
    let short_limit = AtomicBool::new(true);
    let server = Server::start(move |_| {
        Reply::Answer(if short_limit.swap(false, Ordering::Relaxed) {
            answer_with("Keep-Alive: timeout=1")
        } else {
            signed(&order("A-1"))
        })
    })
    .await;
    let client = client(&server.url);
    tokio::join!(buy(&client), buy(&client));
    // The limit of one of them is over, wherever it waits.
    pass(600).await;
    tokio::join!(buy(&client), buy(&client));
    let connections = connections(&server);
    let new = connections.iter().filter(|connection| **connection == 2);
    assert_eq!((connections.len(), new.count()), (4, 1), "{connections:?}");
}
