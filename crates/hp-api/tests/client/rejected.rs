//! Answers and settings that the client rejects.

use std::time::Duration;

use hp_api::{ApiError, BuildError, CallError, Client};

use super::{
    answers::{error, http, order, sign, signed, success},
    builder, client, secret,
    server::{Reply, Server},
    wanted,
};

async fn fetch(answer: Vec<u8>) -> CallError {
    let server = Server::answering(answer).await;
    client(&server.url).fetch(&wanted("A-1")).await.unwrap_err()
}

#[tokio::test]
async fn content_length_above_8_mib_is_too_large() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 8388609\r\n\r\n".to_vec();
    assert_eq!(fetch(head).await, CallError::TooLarge);
}

#[tokio::test]
async fn chunked_body_above_8_mib_is_too_large() {
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n900000\r\n".to_vec();
    answer.resize(answer.len() + 0x90_0000, b' ');
    assert_eq!(fetch(answer).await, CallError::TooLarge);
}

#[tokio::test]
async fn repeated_signature_is_unverified() {
    let data = order("A-1");
    let (now, signature) = sign(&data);
    let headers = format!("Sign: {signature}\r\nDate-GMT: {now}\r\nSign: {signature}\r\n");
    let answer = fetch(http("200 OK", &headers, &success(&data))).await;
    assert!(matches!(answer, CallError::Unverified(_)), "{answer:?}");
}

#[tokio::test]
async fn compressed_body_is_not_decoded() {
    let answer = fetch(http("200 OK", "Content-Encoding: gzip\r\n", "\u{1f}")).await;
    assert!(matches!(answer, CallError::Malformed(_)), "{answer:?}");
}

#[tokio::test]
async fn error_message_redacts_a_quoted_signature() {
    let server = Server::start(|request| {
        let sign = request.header("sign").unwrap();
        Reply::Answer(error(
            400_107,
            &format!("{}got {sign}", "wrong sign ".repeat(15)),
        ))
    })
    .await;
    let refusal = client(&server.url).fetch(&wanted("A-1")).await.unwrap_err();
    let message = format!("{}got [...]", "wrong sign ".repeat(15));
    assert_eq!(
        refusal,
        CallError::Api(ApiError {
            code: 400_107,
            message
        })
    );
}

#[tokio::test]
async fn errors_contain_no_card_key_and_no_secret() {
    let mut moved = order("A-1");
    moved["order_pins"][0]["pin_sn"] = "T000000417K00001BP90".into();
    let mut number = order("A-1");
    number["status"] = "YV622EE6BNQER2P5 ".into();
    let unsigned = http("200 OK", "", &success(&order("A-1")));
    let cut = http("200 OK", "", &success(&order("A-1"))[..900]);
    for answer in [signed(&moved), signed(&number), unsigned, cut] {
        let error = fetch(answer).await;
        let text = format!("{error} {error:?}");
        for secret in ["BP90", "YV622EE6BNQER2P5", super::SECRET] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn lost_error_contains_no_signature_or_parameters() {
    let server = Server::start(|_| Reply::Close).await;
    let error = client(&server.url)
        .query(&wanted("SECRET-ID"))
        .await
        .unwrap_err();
    let text = format!("{error} {error:?}");
    let [request] = &server.requests()[..] else {
        panic!()
    };
    assert!(!text.contains(request.header("sign").unwrap()), "{text}");
    assert!(!text.contains("SECRET-ID"), "{text}");
}

#[test]
fn debug_output_hides_the_secret() {
    let builder = builder("http://127.0.0.1:1");
    assert!(!format!("{builder:?}").contains(super::SECRET));
    assert!(!format!("{:?}", builder.build().unwrap()).contains(super::SECRET));
}

#[test]
fn invalid_settings_are_build_errors() {
    let local = "http://127.0.0.1:1";
    let build = |builder: hp_api::ClientBuilder| builder.build().unwrap_err();
    assert_eq!(build(Client::builder(local, "demo")), BuildError::NoKey);
    assert_eq!(
        build(Client::builder(local, "a b").secret(secret())),
        BuildError::AppId
    );
    assert_eq!(
        build(Client::builder(local, "").secret(secret())),
        BuildError::AppId
    );
    assert_eq!(
        build(builder(local).timeout(Duration::ZERO)),
        BuildError::Timeout
    );
    let empty = hp_api::AppSecret::from(String::new());
    assert_eq!(
        build(Client::builder(local, "demo").secret(empty)),
        BuildError::EmptySecret
    );
    assert!(matches!(
        build(Client::builder(local, "demo").rsa("x", "y")),
        BuildError::Key(_)
    ));
}
