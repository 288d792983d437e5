use hp_sandbox::{Options, Sandbox};
use serde_json::Value;

use crate::raw_client::items;

fn all(data: &Value) -> Vec<Value> {
    let groups = data.as_object().unwrap().values();
    groups
        .flat_map(|group| group.as_array().unwrap().clone())
        .collect()
}

#[tokio::test]
async fn product_list_is_signed_and_has_both_groups() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let answer = items(&sandbox, vec![]).answer().await;
    assert!(answer.is_signed());
    let data = answer.data();
    let groups: Vec<_> = data.as_object().unwrap().keys().collect();
    assert_eq!(groups, ["pin-value-fixed", "pin-value-range"]);
    let product = |id: u64| {
        all(&data)
            .into_iter()
            .find(|p| p["product_id"] == id)
            .unwrap()
    };
    assert_eq!(product(31)["par_value"], "50.00");
    assert_eq!(product(31)["discount_rate"], "12.50%");
    assert_eq!(product(2)["max_fetch_quantity"], 20);
    assert_eq!(product(71)["par_value"], "0.00");
}

#[tokio::test]
async fn product_list_filters_by_currency() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let answer = items(&sandbox, vec![("currency", "CNY".into())])
        .answer()
        .await;
    assert!(answer.is_signed());
    let products = all(&answer.data());
    assert!(!products.is_empty());
    assert!(products.iter().all(|product| product["currency"] == "CNY"));
}

#[tokio::test]
async fn currency_without_products_gets_empty_data() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let answer = items(&sandbox, vec![("currency", "EUR".into())])
        .answer()
        .await;
    assert_eq!((answer.code(), answer.header("sign")), (200, None));
    assert_eq!(answer.data(), serde_json::json!([]));
}

#[tokio::test]
async fn malformed_currency_is_refused() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let call = items(&sandbox, vec![("currency", "EURO".into())]);
    assert_eq!(call.code().await, 400_100);
}
