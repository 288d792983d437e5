//! How long a connection waits for its next call.

use std::time::Duration;

use hp_api::{Client, Outcome};

use super::{
    answers::{order, signed},
    client,
    server::Server,
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
