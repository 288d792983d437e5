//! What a client reports about its HTTP calls: each one once, with its endpoint and its class.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use hp_api::{
    CallClass::{self, *},
    Client,
    Endpoint::{self, *},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    answers::{error, http, order, product, signed, success},
    builder,
    server::{ReceivedRequest, Reply, Server},
    wanted,
};

type Calls = Arc<Mutex<Vec<(Endpoint, CallClass)>>>;

/// A client with this timeout, and the calls that it reports.
fn observed(url: &str, timeout: Duration) -> (Client, Calls) {
    let calls = Calls::default();
    let reported = Arc::clone(&calls);
    let client = builder(url)
        .timeout(timeout)
        .observe_calls(move |call| {
            assert!(call.duration < Duration::from_mins(1));
            let mut reported = reported.lock().unwrap();
            reported.push((call.endpoint, call.class));
        })
        .build();
    (client.unwrap(), calls)
}

const LONG: Duration = Duration::from_mins(1);

/// The calls that a fetch reports if the server replies so.
async fn calls_of_fetch(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Vec<CallClass> {
    let server = Server::start(move |_| reply()).await;
    let (client, calls) = observed(&server.url, LONG);
    let _ = client.fetch(&wanted("A-1")).await;
    let calls = calls.lock().unwrap().clone();
    assert!(calls.iter().all(|(endpoint, _)| *endpoint == Fetch));
    calls.into_iter().map(|(_, class)| class).collect()
}

fn changed(field: &str, value: Value) -> Vec<u8> {
    let mut order = order("A-1");
    order[field] = value;
    signed(&order)
}

#[tokio::test]
async fn answers_are_reported_by_class() {
    let forged = || http("200 OK", "", &success(&order("A-1")));
    let cases = [
        (signed(&order("A-1")), Ok),
        (error(400_100, "no such product"), ErrorCode),
        (
            http(
                "200 OK",
                "",
                r#"{"code":200,"message":"ok","success":true}"#,
            ),
            NoData,
        ),
        (changed("status", json!("pending")), Pending),
        (changed("product_id", json!(32)), Mismatch),
        (forged(), Unverified),
        (http("200 OK", "", "<html>"), InvalidAnswer),
        (changed("quantity", json!("many")), InvalidAnswer),
        (http("429 Too Many Requests", "", ""), Throttled),
        (
            http("503 Service Unavailable", "Retry-After: 1\r\n", ""),
            Throttled,
        ),
        (http("403 Forbidden", "", ""), Http4xx),
        (http("503 Service Unavailable", "", ""), Http5xx),
        (http("302 Found", "", ""), HttpOther),
        (b"hello\r\n\r\n".to_vec(), ConnectionLost),
    ];
    for (answer, class) in cases {
        let text = String::from_utf8_lossy(&answer).into_owned();
        let calls = calls_of_fetch(move || Reply::Answer(answer.clone())).await;
        assert_eq!(calls, [class], "{text}");
    }
    assert_eq!(calls_of_fetch(|| Reply::Close).await, [ConnectionLost]);
}

#[tokio::test]
async fn call_without_an_answer_is_a_timeout() {
    let server = Server::start(|_| Reply::Nothing).await;
    let (client, calls) = observed(&server.url, Duration::from_millis(100));
    client.query(&wanted("A-1")).await.unwrap_err();
    assert_eq!(*calls.lock().unwrap(), [(Query, Timeout)]);
}

#[tokio::test]
async fn refused_connection_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (client, calls) = observed(&url, LONG);
    client.products(None).await.unwrap_err();
    assert_eq!(*calls.lock().unwrap(), [(Products, ConnectFailed)]);
    // It makes no call.
    client.connect().await.unwrap_err();
    assert_eq!(calls.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn call_that_is_given_up_is_abandoned() {
    let server = Server::start(|_| Reply::Nothing).await;
    let (client, calls) = observed(&server.url, LONG);
    let order = wanted("A-1");
    let call = client.fetch(&order);
    let waited = tokio::time::timeout(Duration::from_millis(50), call).await;
    assert!(waited.is_err());
    client.fetch_if(&order, || false).await.unwrap_err();
    assert_eq!(*calls.lock().unwrap(), [(Fetch, Abandoned); 2]);
}

fn reply_to_all(request: &ReceivedRequest) -> Vec<u8> {
    match request.request_line() {
        line if line.contains("/v1/items") => signed(&json!({"pin-value-fixed": [product()]})),
        line if line.contains("out_trade_id=A-1") => signed(&order("A-1")),
        _ => error(400_103, "not found"),
    }
}

#[tokio::test]
async fn checks_of_a_kept_connection_are_reported() {
    let server = Server::start(|request| Reply::Answer(reply_to_all(request))).await;
    let (client, calls) = observed(&server.url, LONG);
    client.query(&wanted("A-1")).await.unwrap();
    client.query(&wanted("A-2")).await.unwrap_err();
    let expected = [(Query, Ok), (Query, ErrorCode), (Products, Ok)];
    assert_eq!(*calls.lock().unwrap(), expected);
    assert_eq!(server.requests().len(), expected.len());
}

#[tokio::test]
async fn replaced_connection_makes_no_call_of_its_own() {
    let server = Server::start(|request| Reply::Answer(reply_to_all(request))).await;
    let (client, calls) = observed(&server.url, LONG);
    client.query(&wanted("A-1")).await.unwrap();
    server.close(0);
    client.query(&wanted("A-1")).await.unwrap();
    assert_eq!(*calls.lock().unwrap(), [(Query, Ok); 2]);
}
