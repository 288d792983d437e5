//! Answers of a server that wants to harm: each is an unknown outcome, in bounded time and memory, for each of the four calls.

use std::time::Duration;

use hp_api::{Client, Lookup, Outcome};
use tokio::task::JoinHandle;

use super::{
    answers::{error, http, order, pin, product, sign, signed, success},
    builder,
    hostile_cases::{ENDLESS, PLAIN, SLOW},
    server::{ReceivedRequest, Reply, Server},
    wanted,
};

/// The most bytes of an answer that leave the server: 8 MiB that the client reads, and what the buffers of the system hold.
const MOST_SENT: usize = 32 * 1024 * 1024;

/// A call of the client, and whether the answer has decided nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Fetch,
    Query,
    Products,
    Pin,
}

impl Call {
    const ALL: [Self; 4] = [Self::Fetch, Self::Query, Self::Products, Self::Pin];

    const fn is_about_an_order(self) -> bool {
        matches!(self, Self::Fetch | Self::Query)
    }

    /// Makes the call. Fails the test if the answer has decided anything.
    async fn assert_unknown(self, client: &Client, case: &str) {
        match self {
            Self::Fetch => {
                let outcome = Outcome::of(client.fetch(&wanted("A-1")).await);
                assert!(
                    matches!(outcome, Outcome::Unknown(_)),
                    "{case}: {outcome:?}"
                );
            }
            Self::Query => {
                let lookup = Lookup::of(client.query(&wanted("A-1")).await);
                assert!(matches!(lookup, Lookup::Unknown(_)), "{case}: {lookup:?}");
            }
            Self::Products => {
                let list = client.products(None).await;
                assert!(list.is_err(), "{case}: {list:?}");
            }
            Self::Pin => {
                let card = client.query_pin(&"T000000417K00001".parse().unwrap()).await;
                assert!(card.is_err(), "{case}: {card:?}");
            }
        }
    }
}

/// Returns a good answer to a request.
fn good(request: &ReceivedRequest) -> Vec<u8> {
    let line = request.request_line();
    if line.contains("/v1/items") {
        return signed(&serde_json::json!({"pin-value-fixed": [product()]}));
    }
    if line.contains("/v1/pin/query") {
        let mut card = pin("T000000417K00001", "BP905QS5ZDZAV0ZB");
        card.as_object_mut().unwrap().remove("order_id");
        return signed(&card);
    }
    signed(&order("A-1"))
}

/// Makes each call on a new connection. Those whose answer decides about an order are made on a kept one as well.
async fn assert_unknown(
    case: &str,
    timeout: Duration,
    hostile: impl Fn(&[u8]) -> Reply + Send + Sync + Clone + 'static,
) {
    for call in Call::ALL {
        for is_kept in [false, true] {
            if is_kept && !call.is_about_an_order() {
                continue;
            }
            let hostile = hostile.clone();
            let server = Server::start(move |request| {
                // A connection is in step, or not, by this call.
                if is_kept && request.is_first {
                    return Reply::Answer(good(request));
                }
                hostile(&good(request))
            })
            .await;
            let client = builder(&server.url).timeout(timeout).build().unwrap();
            if is_kept {
                client.query(&wanted("A-1")).await.unwrap();
            }
            call.assert_unknown(&client, &format!("{case}, {call:?}, kept: {is_kept}"))
                .await;
            let sent = server.endless_bytes();
            assert!(sent <= MOST_SENT, "{case}, {call:?}: {sent} bytes");
        }
    }
}

/// No test of an answer that ends waits this long.
const LONG: Duration = Duration::from_mins(1);
/// The time limit of a call whose answer does not end.
const SHORT: Duration = Duration::from_millis(300);

/// Runs the cases at the same time, and fails with all that have failed.
async fn run_all(cases: impl Iterator<Item = (String, JoinHandle<()>)>) {
    let mut failures = Vec::new();
    for (case, task) in cases.collect::<Vec<_>>() {
        if task.await.is_err() {
            failures.push(case);
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[tokio::test]
async fn hostile_answer_is_an_unknown_outcome() {
    let cases = PLAIN.iter().map(|(case, make)| {
        let hostile = |good: &[u8]| Reply::AnswerAndClose(make(good));
        let task = tokio::spawn(assert_unknown(case, LONG, hostile));
        ((*case).to_owned(), task)
    });
    run_all(cases).await;
}

#[tokio::test]
async fn endless_answer_is_read_up_to_a_limit() {
    let cases = ENDLESS.iter().map(|(case, start, repeated)| {
        let endless = |_: &[u8]| Reply::Endless(start, repeated);
        (
            (*case).to_owned(),
            tokio::spawn(assert_unknown(case, LONG, endless)),
        )
    });
    run_all(cases).await;
}

#[tokio::test]
async fn slow_answer_ends_with_the_time_limit() {
    let cases = SLOW.iter().map(|(case, start, repeated)| {
        let drip = |_: &[u8]| Reply::Drip(start, repeated);
        (
            (*case).to_owned(),
            tokio::spawn(assert_unknown(case, SHORT, drip)),
        )
    });
    run_all(cases).await;
}

#[tokio::test]
async fn redirect_is_not_followed() {
    for status in [
        "301 Moved Permanently",
        "302 Found",
        "303 See Other",
        "307 Temporary Redirect",
        "308 Permanent Redirect",
    ] {
        let elsewhere = Server::start(|request| Reply::Answer(good(request))).await;
        for target in [
            elsewhere.url.as_str(),
            "/v1/pin/fetch",
            "//",
            "file:///etc/passwd",
        ] {
            let location = format!("Location: {target}/v1/pin/fetch\r\n");
            let redirect = http(status, &location, "");
            assert_unknown(status, LONG, move |_| Reply::Answer(redirect.clone())).await;
        }
        assert!(elsewhere.requests().is_empty(), "{status}");
    }
}

#[tokio::test]
async fn redirecting_server_gets_one_request_for_a_call() {
    let server = Server::answering(http("307 Temporary Redirect", "Location: /\r\n", "")).await;
    let client = builder(&server.url).build().unwrap();
    Call::Fetch.assert_unknown(&client, "to itself").await;
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn smuggled_answer_does_not_answer_the_next_call() {
    for smuggled in [
        error(400_100, "bad request parameter"),
        error(400_113, "balance"),
        signed(&order("A-2")),
        http("200 OK", "", r#"{"code":200,"data":[]}"#),
    ] {
        let server = Server::start(move |request| {
            let answer = if request.body.contains("A-1") {
                [signed(&order("A-1")), smuggled.clone()].concat()
            } else {
                signed(&order("A-2"))
            };
            Reply::Answer(answer)
        })
        .await;
        let client = builder(&server.url).build().unwrap();
        client.fetch(&wanted("A-1")).await.unwrap();
        let second = client.fetch(&wanted("A-2")).await.unwrap();
        assert_eq!(second.out_trade_id.as_str(), "A-2");
        let connections: Vec<_> = server
            .requests()
            .iter()
            .map(|seen| seen.connection)
            .collect();
        assert_eq!(connections, [0, 1]);
    }
}

#[tokio::test]
async fn odd_but_clear_answer_is_accepted() {
    let data = order("A-1");
    let (now, signature) = sign(&data);
    let body = success(&data);
    let signed = format!("Date-GMT: {now}\r\nSign: {signature}\r\n");
    let length = body.len();
    for answer in [
        // Information before the answer, and lower case.
        format!(
            "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: {length}\r\n{}\r\n{body}",
            signed
                .to_lowercase()
                .replace(&now.to_lowercase(), &now)
                .replace(&signature.to_lowercase(), &signature)
        ),
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{signed}\r\n{length:x}\r\n{body}\r\n0\r\nX-Trailer: 1\r\n\r\n"
        ),
        // Headers of front ends may repeat. The contract names a content type, and the signature proves more.
        format!(
            "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Type: text/html\r\nContent-Encoding: identity\r\nContent-Length: {length}\r\n{signed}\r\n{body}"
        ),
    ] {
        let server = Server::answering(answer.clone().into_bytes()).await;
        let client = builder(&server.url).build().unwrap();
        let fetched = client.fetch(&wanted("A-1")).await;
        assert!(fetched.is_ok(), "{fetched:?}: {answer}");
    }
}
