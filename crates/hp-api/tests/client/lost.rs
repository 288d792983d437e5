//! Failures after the client has begun to send: the vendor may have executed the request.

use std::time::Duration;

use hp_api::{CallError, Doubt, DoubtKind, Outcome};

use super::{
    answers::{order, signed},
    builder, client,
    server::{Reply, Server},
    wanted,
};

fn assert_lost(result: Result<hp_api::Order, CallError>) {
    assert!(matches!(result, Err(CallError::Lost(_))), "{result:?}");
    let outcome = Outcome::of(result);
    let Outcome::Unknown(Doubt { kind, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(kind, DoubtKind::Lost);
}

#[tokio::test]
async fn timeout_is_lost() {
    let server = Server::start(|_| Reply::Nothing).await;
    let client = builder(&server.url)
        .timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    assert_lost(client.fetch(&wanted("A-1")).await);
}

#[tokio::test]
async fn connection_closed_without_an_answer_is_lost() {
    let server = Server::start(|_| Reply::Close).await;
    assert_lost(client(&server.url).fetch(&wanted("A-1")).await);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn truncated_answer_is_lost() {
    let whole = signed(&order("A-1"));
    for length in (1..whole.len()).step_by(97) {
        let part = whole[..length].to_vec();
        let server = Server::start(move |_| Reply::AnswerAndClose(part.clone())).await;
        assert_lost(client(&server.url).fetch(&wanted("A-1")).await);
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn stalled_answer_is_lost() {
    let half = signed(&order("A-1"))[..400].to_vec();
    let server = Server::answering(half).await;
    let client = builder(&server.url)
        .timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    assert_lost(client.fetch(&wanted("A-1")).await);
}

#[tokio::test]
async fn answer_that_is_not_http_is_lost() {
    let server = Server::answering(b"hello\r\n\r\n".to_vec()).await;
    assert_lost(client(&server.url).fetch(&wanted("A-1")).await);
}
