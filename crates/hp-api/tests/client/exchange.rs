//! Requests on the wire, and good answers.

use hp_api::{
    CallError, CardStatus, Mismatch, OrderStatus,
    sign::{Verifier, flatten},
};
use serde_json::{Value, json};

use super::{
    answers::{order, pin, product, signed},
    builder, client, secret,
    server::{ReceivedRequest, Server},
    wanted,
};

#[tokio::test]
async fn fetch_posts_a_signed_form_and_returns_cards() {
    let server = Server::answering(signed(&order("A-1~x"))).await;
    let bought = client(&server.url).fetch(&wanted("A-1~x")).await.unwrap();
    assert_eq!(bought.status, OrderStatus::Completed);
    assert_eq!(bought.total_price.to_string(), "87.50");
    assert_eq!(bought.cards[1].pin_sn.as_str(), "T000000417K00002");
    assert_eq!(bought.cards[1].pin_key.expose(), "YV622EE6BNQER2P5");
    assert_eq!(bought.cards[1].status, Some(CardStatus::Active));

    let [request] = &server.requests()[..] else {
        panic!()
    };
    assert_eq!(request.request_line(), "POST /v1/pin/fetch HTTP/1.1");
    let start = "out_trade_id=A-1~x&product_id=31&quantity=2&random_key=";
    assert!(request.body.starts_with(start), "{}", request.body);
    assert_eq!(
        request.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(request.header("appid"), Some("demo"));
    assert_eq!(request.header("accept-encoding"), None);
    assert_signed(request, &request.body);
}

#[tokio::test]
async fn query_signature_covers_decoded_parameters() {
    let id = "A+1/#&=%41\"~";
    let server = Server::answering(signed(&order(id))).await;
    let record = client(&server.url)
        .query_order(&id.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(record.out_trade_id.as_str(), id);

    let [request] = &server.requests()[..] else {
        panic!()
    };
    let target = request.request_line().split(' ').nth(1).unwrap().to_owned();
    let (path, query) = target.split_once('?').unwrap();
    assert_eq!(path, "/v1/order/query");
    assert!(
        query.starts_with("out_trade_id=A%2B1%2F%23%26%3D%2541%22~&random_key="),
        "{query}"
    );
    assert_eq!(
        request.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_signed(request, query);
}

#[tokio::test]
async fn product_list_takes_an_optional_currency() {
    let mut other = product();
    other["product_id"] = 32.into();
    let list = json!({"pin-value-fixed": [product()], "another-group": [], "9": [other]});
    let server = Server::answering(signed(&list)).await;
    let client = client(&server.url);
    let products = client.products(None).await.unwrap().products;
    client.products(Some("USD".parse().unwrap())).await.unwrap();
    let groups: Vec<_> = products
        .iter()
        .map(|product| product.group.as_str())
        .collect();
    assert_eq!(groups.len(), 2);
    assert!(groups.contains(&"pin-value-fixed") && groups.contains(&"9"));
    assert_eq!(products[0].max_fetch_quantity, 20);

    let lines: Vec<_> = server
        .requests()
        .iter()
        .map(|request| request.request_line().to_owned())
        .collect();
    assert!(
        lines[0].starts_with("GET /v1/items?random_key="),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("GET /v1/items?currency=USD&random_key="),
        "{lines:?}"
    );
}

#[tokio::test]
async fn card_query_rejects_another_card() {
    let mut card = pin("T000000417K00001", "BP905QS5ZDZAV0ZB");
    card.as_object_mut().unwrap().remove("order_id");
    let server = Server::answering(signed(&card)).await;
    let client = client(&server.url);
    let found = client
        .query_pin(&"T000000417K00001".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(found.pin_key.expose(), "BP905QS5ZDZAV0ZB");
    let other = client.query_pin(&"T000000417K00002".parse().unwrap()).await;
    assert_eq!(
        other,
        Err(CallError::Mismatch(Mismatch::Card("pin_sn".to_owned())))
    );
    assert!(
        server.requests()[0]
            .request_line()
            .starts_with("GET /v1/pin/query?pin_sn=")
    );
}

#[tokio::test]
async fn answer_about_another_order_is_a_mismatch() {
    let server = Server::answering(signed(&order("A-1"))).await;
    let client = client(&server.url);
    let mismatch = Err(CallError::Mismatch(Mismatch::OrderId));
    assert_eq!(client.fetch(&wanted("A-2")).await, mismatch);
    assert_eq!(client.query(&wanted("A-2")).await, mismatch);
    assert_eq!(client.query_order(&"A-2".parse().unwrap()).await, mismatch);
}

#[tokio::test]
async fn calls_share_a_connection_but_no_random_key() {
    let server = Server::answering(signed(&order("A-1"))).await;
    let client = client(&server.url);
    for _ in 0..5 {
        client.clone().fetch(&wanted("A-1")).await.unwrap();
    }
    let seen = server.requests();
    assert!(seen.iter().all(|request| request.connection == 0));
    let mut bodies: Vec<_> = seen.into_iter().map(|request| request.body).collect();
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), 5);
}

#[tokio::test]
async fn random_key_comes_from_the_given_source() {
    let server = Server::answering(signed(&order("A-1"))).await;
    let client = builder(&server.url).random(|| 0).build().unwrap();
    client.fetch(&wanted("A-1")).await.unwrap();
    let body = &server.requests()[0].body;
    assert!(body.ends_with("&random_key=AAAAAAAAAAAAAAAA"), "{body}");
}

#[tokio::test]
async fn call_runs_in_a_spawned_task() {
    let server = Server::answering(signed(&order("A-1"))).await;
    let client = client(&server.url);
    let task = tokio::spawn(async move { client.fetch(&wanted("A-1")).await });
    assert!(task.await.unwrap().is_ok());
}

/// Checks a request as the vendor does: decodes the parameters, flattens and verifies.
fn assert_signed(request: &ReceivedRequest, encoded: &str) {
    let pairs = encoded.split('&').map(|pair| pair.split_once('=').unwrap());
    let params: serde_json::Map<_, _> = pairs
        .map(|(name, value)| (name.to_owned(), Value::from(decoded(value))))
        .collect();
    let flat = flatten(Value::Object(params).to_string().as_bytes()).unwrap();
    let (date, sign) = (
        request.header("date-gmt").unwrap(),
        request.header("sign").unwrap(),
    );
    assert_eq!(Verifier::secret(secret()).verify(&flat, date, sign), Ok(()));
}

fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut decoded = parts.next().unwrap().to_owned();
    for part in parts {
        decoded.push(char::from(u8::from_str_radix(&part[..2], 16).unwrap()));
        decoded.push_str(&part[2..]);
    }
    decoded
}
