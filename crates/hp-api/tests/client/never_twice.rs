//! No request leaves twice, whatever the HTTP library would like to repeat.

use std::collections::HashMap;

use hp_api::CallError;

use super::{
    answers::{http, order, signed},
    client,
    server::{Reply, Seen, Server},
    wanted,
};

fn order_id(request: &Seen) -> &str {
    request
        .body
        .strip_prefix("out_trade_id=")
        .unwrap()
        .split('&')
        .next()
        .unwrap()
}

#[tokio::test]
async fn a_reused_connection_that_breaks_under_a_request_is_not_tried_again() {
    let server = Server::start(|request| match order_id(request) {
        "first" => Reply::Answer(signed(&order("first"))),
        _ => Reply::Close,
    })
    .await;
    let client = client(&server.url);
    client.fetch(&wanted("first")).await.unwrap();
    let second = client.fetch(&wanted("second")).await;
    assert!(matches!(second, Err(CallError::Lost(_))), "{second:?}");
    let seen: Vec<_> = server
        .seen()
        .iter()
        .map(|seen| (seen.connection, order_id(seen).to_owned()))
        .collect();
    assert_eq!(seen, [(0, "first".to_owned()), (0, "second".to_owned())]);
}

#[tokio::test]
async fn connections_that_close_between_requests_never_double_one() {
    // Closed without notice after every answer: the client finds out before, while or after it
    // writes the next request, as chance will have it.
    let server =
        Server::start(|request| Reply::AnswerAndClose(signed(&order(order_id(request))))).await;
    let client = client(&server.url);
    for number in 0..200 {
        let result = client.fetch(&wanted(&format!("A-{number}"))).await;
        assert!(
            matches!(result, Ok(_) | Err(CallError::Lost(_))),
            "{result:?}"
        );
    }
    let mut times = HashMap::new();
    for request in server.seen() {
        *times.entry(order_id(&request).to_owned()).or_insert(0) += 1;
    }
    assert!(times.values().all(|times| *times == 1), "{times:?}");
}

#[tokio::test]
async fn a_redirect_is_an_error_and_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::answering(signed(&order("A-1"))).await;
        let location = format!("Location: {}/v1/pin/fetch\r\n", elsewhere.url);
        let server = Server::answering(http(&format!("{status} Moved"), &location, "")).await;
        let result = client(&server.url).fetch(&wanted("A-1")).await;
        assert_eq!(result, Err(CallError::Status(status)));
        assert!(elsewhere.seen().is_empty());
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_request_to_come_back_later_is_not_obeyed() {
    for status in [408, 425, 429, 500, 502, 503, 504] {
        let answer = http(&format!("{status} Later"), "Retry-After: 0\r\n", "");
        let server = Server::answering(answer).await;
        let result = client(&server.url).fetch(&wanted("A-1")).await;
        assert_eq!(result, Err(CallError::Status(status)));
        assert_eq!(server.seen().len(), 1);
    }
}
