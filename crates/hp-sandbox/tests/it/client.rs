//! The client of `hp-api` against the sandbox: it accepts the answers and distinguishes the faults.

use std::time::Duration;

use hp_api::{CallError, Client, FetchCards, Mismatch, ProductId, Quantity};
use hp_sandbox::{NotFound, Options, Sandbox};

use crate::raw_client::secret;

fn start(not_found: NotFound) -> (Sandbox, Client) {
    let options = Options {
        not_found,
        hold: Duration::from_millis(1),
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let client = Client::builder(&sandbox.base_url(), "demo");
    (sandbox, client.secret(secret()).build().unwrap())
}

fn order_of_three(id: &str) -> FetchCards {
    FetchCards {
        order_id: id.parse().unwrap(),
        product_id: ProductId::new(31).unwrap(),
        quantity: Quantity::new(3).unwrap(),
    }
}

#[tokio::test]
async fn client_accepts_all_four_calls() {
    let (_sandbox, client) = start(NotFound::Empty);
    let products = client.products(None).await.unwrap().products;
    assert_eq!(products.len(), 6);
    let order = client.fetch(&order_of_three("A-1")).await.unwrap();
    assert_eq!(client.query(&order_of_three("A-1")).await.unwrap(), order);
    let card = client.query_pin(&order.cards[1].pin_sn).await.unwrap();
    assert_eq!(card, order.cards[1]);
}

#[tokio::test]
async fn client_recognizes_unknown_orders() {
    let (_sandbox, client) = start(NotFound::Empty);
    assert_eq!(
        client.query(&order_of_three("A-1")).await,
        Err(CallError::NoData)
    );
    let (_sandbox, client) = start(NotFound::Code(400_100));
    let error = client.query(&order_of_three("A-1")).await;
    assert!(matches!(error, Err(CallError::Api(error)) if error.code == 400_100));
}

#[tokio::test]
async fn client_distinguishes_each_fault() {
    let (_sandbox, client) = start(NotFound::Empty);
    let first = async |fault: &str| {
        client
            .fetch(&order_of_three(&format!("A~{fault}")))
            .await
            .unwrap_err()
    };
    for fault in [
        "drop-before",
        "lost-answer",
        "timeout-before",
        "timeout-after",
        "truncated",
    ]
    .into_iter()
    .chain(["refuse-connection", "late-record"])
    {
        let error = first(fault).await;
        assert!(matches!(error, CallError::Lost(_)), "{fault}: {error:?}");
    }
    for fault in ["http-500-before", "http-500-after"] {
        assert_eq!(first(fault).await, CallError::Status(500));
    }
    for fault in ["bad-signature", "unsigned"] {
        let error = first(fault).await;
        assert!(
            matches!(error, CallError::Unverified(_)),
            "{fault}: {error:?}"
        );
    }
    assert!(matches!(first("stale-date").await, CallError::Stale(_)));
    for (fault, expected) in [("fail-0", 0), ("low-balance", 400_113)] {
        let error = first(fault).await;
        assert!(
            matches!(error, CallError::Api(ref api) if api.code == expected),
            "{fault}: {error:?}"
        );
    }
}

#[tokio::test]
async fn client_detects_signed_defects() {
    let (_sandbox, client) = start(NotFound::Empty);
    for (fault, record_fits) in [("short", true), ("short-record", false)] {
        let order = order_of_three(&format!("A~{fault}"));
        let one_card_less = CallError::Mismatch(Mismatch::CardCount { wanted: 3, got: 2 });
        assert_eq!(client.fetch(&order).await, Err(one_card_less));
        assert_eq!(client.query(&order).await.is_ok(), record_fits);
    }
    for (fault, record_fits) in [("wrong-product", true), ("wrong-record", false)] {
        let order = order_of_three(&format!("A~{fault}"));
        let other = client.fetch(&order).await.unwrap_err();
        assert!(matches!(other, CallError::Mismatch(_)), "{other:?}");
        assert_eq!(client.query(&order).await.is_ok(), record_fits);
    }
}
