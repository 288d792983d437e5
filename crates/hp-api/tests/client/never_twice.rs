//! The client sends no request twice, whatever the HTTP library could repeat.

use std::{collections::HashMap, time::Duration};

use hp_api::CallError;

use super::{
    answers::{http, order, signed},
    client,
    server::{ReceivedRequest, Reply, Server},
    wanted,
};

fn order_id(request: &ReceivedRequest) -> &str {
    request
        .body
        .strip_prefix("out_trade_id=")
        .unwrap()
        .split('&')
        .next()
        .unwrap()
}

#[tokio::test]
async fn broken_reused_connection_is_not_retried() {
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
        .requests()
        .iter()
        .map(|seen| (seen.connection, order_id(seen).to_owned()))
        .collect();
    assert_eq!(seen, [(0, "first".to_owned()), (0, "second".to_owned())]);
}

#[tokio::test]
async fn closing_connections_duplicate_no_request() {
    // The server closes the connection after every answer. By chance the client notices before, while or after it
    // writes the next request.
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
    for request in server.requests() {
        *times.entry(order_id(&request).to_owned()).or_insert(0) += 1;
    }
    assert!(times.values().all(|times| *times == 1), "{times:?}");
}

#[tokio::test]
async fn redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Server::answering(signed(&order("A-1"))).await;
        let location = format!("Location: {}/v1/pin/fetch\r\n", elsewhere.url);
        let server = Server::answering(http(&format!("{status} Moved"), &location, "")).await;
        let result = client(&server.url).fetch(&wanted("A-1")).await;
        assert_eq!(result, Err(CallError::Status(status)));
        assert!(elsewhere.requests().is_empty());
        assert_eq!(server.requests().len(), 1);
    }
}

/// What a fetch returns if a front end answers it with this status and these headers.
async fn answered_by_front_end(status: u16, headers: &str) -> CallError {
    let answer = http(&format!("{status} Later"), headers, "");
    let server = Server::answering(answer).await;
    let result = client(&server.url).fetch(&wanted("A-1")).await;
    assert_eq!(server.requests().len(), 1, "the client repeats no request");
    result.unwrap_err()
}

#[tokio::test]
async fn retry_after_is_reported_and_not_obeyed() {
    let turned_away = |seconds: Option<u64>| CallError::TurnedAway {
        retry_after: seconds.map(Duration::from_secs),
    };
    for seconds in [0, 7] {
        let headers = format!("Retry-After: {seconds}\r\n");
        let error = answered_by_front_end(429, &headers).await;
        assert_eq!(error, turned_away(Some(seconds)));
        let throttled = CallError::Throttled {
            status: 503,
            retry_after: Some(Duration::from_secs(seconds)),
        };
        assert_eq!(answered_by_front_end(503, &headers).await, throttled);
        for status in [408, 425, 500, 502, 504] {
            let error = answered_by_front_end(status, &headers).await;
            assert_eq!(error, CallError::Status(status));
        }
    }
    let longest = answered_by_front_end(429, "Retry-After: 99999999999999999999\r\n").await;
    assert_eq!(longest, turned_away(Some(3600)));
    for headers in ["", "Retry-After: soon\r\n"] {
        let error = answered_by_front_end(429, headers).await;
        assert_eq!(error, turned_away(None));
        let error = answered_by_front_end(503, headers).await;
        assert_eq!(error, CallError::Status(503));
    }
}

#[tokio::test]
async fn turned_away_needs_an_answer_of_its_own() {
    let server = Server::start(|request| {
        if !request.body.contains("out_trade_id") {
            // The call that checks a kept connection is lost.
            return Reply::Close;
        }
        Reply::Answer(match order_id(request) {
            "first" => signed(&order("first")),
            _ => http("429 Too Many Requests", "", ""),
        })
    })
    .await;
    let client = client(&server.url);
    client.fetch(&wanted("first")).await.unwrap();
    // On a kept connection it may answer an earlier request.
    let kept = client.fetch(&wanted("second")).await.unwrap_err();
    assert!(
        matches!(kept, CallError::Throttled { status: 429, .. }),
        "{kept:?}"
    );
    // From then on each call has a connection of its own.
    client.fetch(&wanted("first")).await.unwrap();
    let new = client.fetch(&wanted("third")).await.unwrap_err();
    assert!(matches!(new, CallError::TurnedAway { .. }), "{new:?}");
    let requests = server.requests();
    let connections: Vec<_> = requests.iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0, 0, 1, 2]);
}

#[tokio::test]
async fn second_429_on_a_kept_connection_proves_the_first() {
    let server = Server::start(|request| {
        Reply::Answer(if request.body.contains("out_trade_id=first") {
            signed(&order("first"))
        } else {
            http("429 Too Many Requests", "", "")
        })
    })
    .await;
    let client = client(&server.url);
    client.fetch(&wanted("first")).await.unwrap();
    let kept = client.fetch(&wanted("second")).await.unwrap_err();
    assert!(matches!(kept, CallError::TurnedAway { .. }), "{kept:?}");
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.connection == 0));
}
