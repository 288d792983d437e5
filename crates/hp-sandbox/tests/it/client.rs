//! What our own client makes of the sandbox: it must see a HitPoints, and each fault for what it is.

use std::time::Duration;

use hp_api::{CallError, Client, FetchCards, Mismatch, ProductId, Quantity};
use hp_sandbox::{NotFound, Options, Sandbox};

use crate::caller::secret;

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

fn three(id: &str) -> FetchCards {
    FetchCards {
        order_id: id.parse().unwrap(),
        product_id: ProductId::new(31).unwrap(),
        quantity: Quantity::new(3).unwrap(),
    }
}

#[tokio::test]
async fn all_four_calls_are_accepted() {
    let (_sandbox, client) = start(NotFound::Empty);
    let products = client.products(None).await.unwrap();
    assert_eq!(products.len(), 6);
    let order = client.fetch(&three("A-1")).await.unwrap();
    assert_eq!(client.query(&three("A-1")).await.unwrap(), order);
    let card = client.query_pin(&order.cards[1].pin_sn).await.unwrap();
    assert_eq!(card, order.cards[1]);
}

#[tokio::test]
async fn what_does_not_exist_is_seen_as_such() {
    let (_sandbox, client) = start(NotFound::Empty);
    assert_eq!(client.query(&three("A-1")).await, Err(CallError::NoData));
    let (_sandbox, client) = start(NotFound::Code(400_100));
    let end = client.query(&three("A-1")).await;
    assert!(matches!(end, Err(CallError::Api(error)) if error.code == 400_100));
}

#[tokio::test]
async fn each_fault_is_told_apart() {
    let (_sandbox, client) = start(NotFound::Empty);
    let first = async |fault: &str| {
        client
            .fetch(&three(&format!("A~{fault}")))
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
        let end = first(fault).await;
        assert!(matches!(end, CallError::Lost(_)), "{fault}: {end:?}");
    }
    for fault in ["http-500-before", "http-500-after"] {
        assert_eq!(first(fault).await, CallError::Status(500));
    }
    for fault in ["bad-signature", "unsigned"] {
        let end = first(fault).await;
        assert!(matches!(end, CallError::Unverified(_)), "{fault}: {end:?}");
    }
    assert!(matches!(first("stale-date").await, CallError::Stale(_)));
    for (fault, wanted) in [("fail-0", 0), ("low-balance", 400_113)] {
        let end = first(fault).await;
        assert!(
            matches!(end, CallError::Api(ref error) if error.code == wanted),
            "{fault}: {end:?}"
        );
    }
}

#[tokio::test]
async fn contradictions_are_signed_and_do_not_fit() {
    let (_sandbox, client) = start(NotFound::Empty);
    for (fault, record_fits) in [("short", true), ("short-record", false)] {
        let wanted = three(&format!("A~{fault}"));
        let few = CallError::Mismatch(Mismatch::CardCount { wanted: 3, got: 2 });
        assert_eq!(client.fetch(&wanted).await, Err(few));
        assert_eq!(client.query(&wanted).await.is_ok(), record_fits);
    }
    for (fault, record_fits) in [("wrong-product", true), ("wrong-record", false)] {
        let wanted = three(&format!("A~{fault}"));
        let other = client.fetch(&wanted).await.unwrap_err();
        assert!(matches!(other, CallError::Mismatch(_)), "{other:?}");
        assert_eq!(client.query(&wanted).await.is_ok(), record_fits);
    }
}
