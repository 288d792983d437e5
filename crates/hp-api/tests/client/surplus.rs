//! Answers that nobody asked for, on a connection that is kept for further calls.

use std::sync::atomic::{AtomicUsize, Ordering};

use hp_api::{ApiError, CallError, DoubtKind, Lookup, NotFoundAnswer, Outcome};
use serde_json::json;

use super::{
    answers::{error, http, order, product, signed},
    client,
    server::{ReceivedRequest, Reply, Server},
    wanted,
};

/// The codes of the contract that prove that nothing was charged.
const REFUSALS: [i64; 10] = [
    400_100, 400_101, 400_102, 400_107, 400_108, 400_109, 400_110, 400_111, 400_113, 400_114,
];

fn product_list() -> Vec<u8> {
    signed(&json!({"pin-value-fixed": [product()]}))
}

/// Returns the order id of a fetch or a query.
fn order_id(request: &ReceivedRequest) -> Option<&str> {
    let parameters = format!("{} {}", request.request_line(), request.body);
    let id = parameters
        .split("out_trade_id=")
        .nth(1)?
        .split('&')
        .next()?;
    ["A-1", "A-2", "A-3"].into_iter().find(|known| *known == id)
}

fn charged(request: &ReceivedRequest) -> Vec<u8> {
    order_id(request).map_or_else(product_list, |id| signed(&order(id)))
}

/// Starts a server that gives these answers, one after the other, whatever it is asked. Then it closes the connection.
async fn scripted(answers: Vec<Vec<u8>>) -> Server {
    let next = AtomicUsize::new(0);
    Server::start(move |_| {
        let answer = answers.get(next.fetch_add(1, Ordering::Relaxed));
        answer.map_or(Reply::Close, |answer| Reply::Answer(answer.clone()))
    })
    .await
}

fn connections(server: &Server) -> Vec<usize> {
    let requests = server.requests();
    requests.iter().map(|request| request.connection).collect()
}

#[tokio::test]
async fn surplus_on_an_idle_connection_ends_it() {
    for surplus in [
        error(400_100, "surplus"),
        signed(&order("A-1")),
        b"H".to_vec(),
    ] {
        let server = Server::start(|request| Reply::Answer(charged(request))).await;
        let client = client(&server.url);
        client.fetch(&wanted("A-1")).await.unwrap();
        // The runtime gets no chance to notice the bytes before the next call.
        server.push(0, &surplus);
        let second = client.fetch(&wanted("A-2")).await.unwrap();
        assert_eq!(second.out_trade_id.as_str(), "A-2");
        assert_eq!(connections(&server), [0, 1]);
    }
}

#[tokio::test]
async fn surplus_glued_to_an_answer_ends_the_connection() {
    let server = Server::start(|request| {
        Reply::Answer([charged(request), error(400_100, "surplus")].concat())
    })
    .await;
    let client = client(&server.url);
    client.fetch(&wanted("A-1")).await.unwrap();
    client.fetch(&wanted("A-2")).await.unwrap();
    assert_eq!(connections(&server), [0, 1]);
}

#[tokio::test]
async fn connection_closed_while_idle_is_replaced() {
    let server = Server::start(|request| Reply::AnswerAndClose(charged(request))).await;
    let client = client(&server.url);
    client.fetch(&wanted("A-1")).await.unwrap();
    tokio::task::yield_now().await;
    client.fetch(&wanted("A-2")).await.unwrap();
    assert_eq!(connections(&server), [0, 1]);
}

#[tokio::test]
async fn surplus_refusal_during_a_fetch_is_a_doubt() {
    for code in REFUSALS {
        // The vendor is one answer behind: its answer to the second fetch follows the surplus one.
        let answers = vec![
            signed(&order("A-1")),
            error(code, "surplus"),
            signed(&order("A-2")),
        ];
        let server = scripted(answers).await;
        let client = client(&server.url);
        client.fetch(&wanted("A-1")).await.unwrap();
        let second = Outcome::of(client.fetch(&wanted("A-2")).await);
        let Outcome::Unknown(doubt) = second else {
            panic!("{code}: {second:?}")
        };
        assert_eq!((doubt.kind, doubt.code), (DoubtKind::Garbled, Some(code)));
        // The connection is out of step, so no later call uses it.
        let _ = client.fetch(&wanted("A-3")).await;
        assert_eq!(connections(&server), [0, 0, 0, 1]);
    }
}

#[tokio::test]
async fn surplus_in_front_of_the_answer_is_a_doubt() {
    let both = [error(400_100, "surplus"), signed(&order("A-2"))].concat();
    for answers in [vec![signed(&order("A-1")), both.clone()], vec![both]] {
        let server = scripted(answers.clone()).await;
        let client = client(&server.url);
        for _ in 1..answers.len() {
            client.fetch(&wanted("A-1")).await.unwrap();
        }
        let outcome = Outcome::of(client.fetch(&wanted("A-2")).await);
        assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    }
}

#[tokio::test]
async fn surplus_not_found_does_not_answer_a_query() {
    let no_data = http("200 OK", "", r#"{"code":200,"data":[]}"#);
    for surplus in [error(400_100, "surplus"), error(400_119, "x"), no_data] {
        let answers = vec![signed(&order("A-1")), surplus, signed(&order("A-2"))];
        let server = scripted(answers).await;
        let client = client(&server.url);
        client.query(&wanted("A-1")).await.unwrap();
        let lookup = Lookup::of(client.query(&wanted("A-2")).await);
        assert!(!matches!(lookup, Lookup::NotFound(_)), "{lookup:?}");
        // The query is made again on a new connection.
        assert_eq!(connections(&server), [0, 0, 0, 1]);
    }
}

#[tokio::test]
async fn refusal_without_proof_of_step_is_a_doubt() {
    // No answer, and an answer without a signature.
    for proof in [None, Some(error(0, "fail"))] {
        let mut answers = vec![signed(&order("A-1")), error(400_113, "balance")];
        answers.extend(proof);
        let server = scripted(answers).await;
        let client = client(&server.url);
        client.fetch(&wanted("A-1")).await.unwrap();
        let outcome = Outcome::of(client.fetch(&wanted("A-2")).await);
        assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    }
}

#[tokio::test]
async fn error_on_a_connection_in_step_counts() {
    let refused = |request: &ReceivedRequest| match order_id(request) {
        Some("A-2") if request.body.is_empty() => error(400_119, "no such order"),
        Some("A-2") => error(400_113, "balance"),
        _ => charged(request),
    };
    let server = Server::start(move |request| Reply::Answer(refused(request))).await;
    let client = client(&server.url);
    client.fetch(&wanted("A-1")).await.unwrap();
    let refusal = Err(CallError::Api(ApiError::new(400_113, "balance")));
    assert_eq!(client.fetch(&wanted("A-2")).await, refusal);
    client.fetch(&wanted("A-1")).await.unwrap();
    assert!(
        connections(&server)
            .iter()
            .all(|connection| *connection == 0)
    );
    let not_found = Lookup::NotFound(NotFoundAnswer::Code(400_119));
    assert_eq!(Lookup::of(client.query(&wanted("A-2")).await), not_found);
    assert_eq!(connections(&server).last(), Some(&0));
}

#[tokio::test]
async fn error_on_a_new_connection_needs_no_proof() {
    let server = Server::answering(error(400_100, "bad request parameter")).await;
    let client = client(&server.url);
    for number in 1..=3 {
        let refused = Outcome::of(client.fetch(&wanted("A-1")).await);
        assert!(matches!(refused, Outcome::NotCharged(_)), "{refused:?}");
        assert_eq!(server.requests().len(), number);
    }
    assert_eq!(connections(&server), [0, 1, 2]);
}
