//! Failures after a request has begun to leave: it may have been carried out.

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
async fn an_answer_that_does_not_come_in_time() {
    let server = Server::start(|_| Reply::Silence).await;
    let client = builder(&server.url)
        .timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    assert_lost(client.fetch(&wanted("A-1")).await);
}

#[tokio::test]
async fn a_connection_closed_in_place_of_an_answer() {
    let server = Server::start(|_| Reply::Close).await;
    assert_lost(client(&server.url).fetch(&wanted("A-1")).await);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_answer_cut_off_at_any_place() {
    let whole = signed(&order("A-1"));
    for length in (1..whole.len()).step_by(97) {
        let part = whole[..length].to_vec();
        let server = Server::start(move |_| Reply::AnswerAndClose(part.clone())).await;
        assert_lost(client(&server.url).fetch(&wanted("A-1")).await);
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn an_answer_that_stops_half_way() {
    let half = signed(&order("A-1"))[..400].to_vec();
    let server = Server::answering(half).await;
    let client = builder(&server.url)
        .timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    assert_lost(client.fetch(&wanted("A-1")).await);
}

#[tokio::test]
async fn an_answer_that_is_no_http() {
    let server = Server::answering(b"hello\r\n\r\n".to_vec()).await;
    assert_lost(client(&server.url).fetch(&wanted("A-1")).await);
}
