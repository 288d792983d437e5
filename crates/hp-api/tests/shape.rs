//! Checks beyond the signature: field names, formats, and the match with the request.
#![allow(
    clippy::unwrap_used,
    reason = "a failure in test support is a failed test"
)]

mod signed;

use std::time::Duration;

use hp_api::{
    CallError, CallResult, FetchCards, Mismatch, Order, ProductId, Quantity, answer::Data,
};
use serde_json::{Value, json};

use signed::signed;

/// Returns the contract's example of three cards.
fn three_cards() -> Value {
    let vectors: Value = serde_json::from_str(include_str!("data/signature-vectors.json")).unwrap();
    let mut cases = vectors["cases"].as_array().unwrap().iter();
    let case = cases
        .find(|case| case["name"] == "fetch-response-3-pins")
        .unwrap();
    serde_json::from_str(case["json"].as_str().unwrap()).unwrap()
}

/// Replaces the value at a JSON pointer. Null stands for a missing field.
fn changed(mut data: Value, pointer: &str, value: Value) -> Value {
    *data.pointer_mut(pointer).unwrap() = value;
    data
}

fn as_order(data: Data<'_>) -> CallResult<Order> {
    data.into_order()
}

fn order(data: &Value) -> CallResult<Order> {
    signed(data, as_order)
}

fn wanted() -> FetchCards {
    FetchCards {
        order_id: "job-000417-a".parse().unwrap(),
        product_id: ProductId::new(31).unwrap(),
        quantity: Quantity::new(3).unwrap(),
    }
}

fn assert_names<T: std::fmt::Debug>(result: CallResult<T>, field: &str) {
    let Err(CallError::Shape(why)) = result else {
        panic!("{field}: {result:?}")
    };
    assert!(why.starts_with(&format!("{field}: ")), "{field}: {why}");
}

#[test]
fn contract_example_is_read_and_valid() {
    let order = order(&three_cards()).unwrap();
    assert_eq!(order.validate(&wanted()), Ok(()));
    assert_eq!(
        (order.hp_order_id, order.create_time),
        (417, Some(1_712_000_000))
    );
    assert_eq!(order.cards[0].expire_time, Some(1_743_552_000));
    let shown = format!("{order:?}");
    assert!(
        order
            .cards
            .iter()
            .all(|card| !shown.contains(card.pin_key.expose()))
    );
}

/// Values in the wrong format, by JSON pointer.
fn malformed_fields() -> Vec<(&'static str, Value)> {
    vec![
        ("/order_id", json!("417")),
        ("/order_id", json!(-417)),
        ("/quantity", json!(3.0)),
        ("/quantity", json!(0)),
        ("/product_id", json!("31")),
        ("/out_trade_id", json!("job 417")),
        ("/total_price", json!("131.250")),
        ("/total_price", json!("-131.25")),
        ("/total_price", json!(131.25)),
        ("/status", json!("two words")),
        ("/order_pins", json!("none")),
        ("/order_pins/0", json!("row")),
        ("/order_pins/2/pin_sn", json!("T000000417H000010")),
        ("/order_pins/2/pin_key", json!("")),
        ("/order_pins/2/pin_key", json!("A\nB")),
        ("/order_pins/2/pin_key", json!(1234)),
    ]
}

/// Converts a JSON pointer to the name of the field in an error: `/order_pins/2/amount` to `order_pins[2].amount`.
fn field_name(pointer: &str) -> String {
    match pointer[1..].split('/').collect::<Vec<_>>()[..] {
        [field] => field.to_owned(),
        [list, index] => format!("{list}[{index}]"),
        [list, index, field] => format!("{list}[{index}].{field}"),
        _ => panic!("{pointer}"),
    }
}

#[test]
fn malformed_field_is_named_but_not_quoted() {
    for (pointer, value) in malformed_fields() {
        let quoted = value
            .as_str()
            .filter(|text| text.len() >= 5)
            .map(str::to_owned);
        let result = order(&changed(three_cards(), pointer, value));
        assert!(
            quoted.is_none_or(|text| !format!("{result:?}").contains(&text)),
            "{pointer}"
        );
        assert_names(result, &field_name(pointer));
    }
    assert_names(order(&json!(["x"])), "data");
}

/// Changes of the example, each with the mismatch that it causes.
fn mismatches() -> Vec<(&'static str, Value, Mismatch)> {
    let pins = |indexes: &[usize]| {
        let cards = three_cards();
        let rows = indexes
            .iter()
            .map(|index| cards["order_pins"][*index].clone());
        Value::from(rows.collect::<Vec<_>>())
    };
    let count = |got| Mismatch::CardCount { wanted: 3, got };
    let price = Mismatch::Price {
        unit: "43.75".parse().unwrap(),
        total: "131.26".parse().unwrap(),
    };
    let card = |field: &str| Mismatch::Card(field.to_owned());
    let pending = Mismatch::NotCompleted("pending".to_owned());
    vec![
        ("/out_trade_id", json!("job-000417-b"), Mismatch::OrderId),
        (
            "/product_id",
            json!(3),
            Mismatch::ProductId { wanted: 31, got: 3 },
        ),
        (
            "/quantity",
            json!(4),
            Mismatch::Quantity { wanted: 3, got: 4 },
        ),
        ("/status", json!("pending"), pending),
        ("/order_pins", pins(&[0, 1]), count(2)),
        ("/order_pins", pins(&[0, 1, 2, 0]), count(4)),
        ("/order_pins", json!([]), count(0)),
        (
            "/order_pins",
            pins(&[0, 1, 0]),
            card("the same pin_sn twice"),
        ),
        (
            "/order_pins/1/product_id",
            json!(32),
            card("order_pins[1].product_id"),
        ),
        (
            "/order_pins/1/currency",
            json!("EUR"),
            card("order_pins[1].currency"),
        ),
        ("/total_price", json!("131.26"), price),
    ]
}

#[test]
fn validation_reports_each_mismatch() {
    for (pointer, value, mismatch) in mismatches() {
        let order = order(&changed(three_cards(), pointer, value)).unwrap();
        assert_eq!(order.validate(&wanted()), Err(mismatch));
    }
}

#[test]
fn card_of_another_order_is_a_mismatch() {
    let strange = changed(three_cards(), "/order_pins/2/order_id", json!(418));
    let mismatch = Mismatch::Card("order_pins[2].order_id".to_owned());
    assert_eq!(order(&strange), Err(CallError::Mismatch(mismatch)));
}

#[test]
fn duplicate_card_is_found_in_a_large_order() {
    let mut data = changed(three_cards(), "/quantity", json!(40));
    data["total_price"] = "1750.00".into();
    let row = three_cards()["order_pins"][0].clone();
    let pins: Vec<_> = (0..40)
        .map(|number| changed(row.clone(), "/pin_sn", format!("T{number:015}").into()))
        .collect();
    data["order_pins"] = pins.into();
    let wanted = FetchCards {
        quantity: Quantity::new(40).unwrap(),
        ..wanted()
    };
    assert_eq!(order(&data).unwrap().validate(&wanted), Ok(()));
    data["order_pins"][39]["pin_sn"] = "T000000000000007".into();
    let twice = Mismatch::Card("the same pin_sn twice".to_owned());
    assert_eq!(order(&data).unwrap().validate(&wanted), Err(twice));
}

#[test]
fn pending_order_may_have_no_cards() {
    for pins in [json!(null), json!([]), json!({})] {
        let mut data = changed(three_cards(), "/order_pins", pins);
        data["status"] = "pending".into();
        let pending = Mismatch::NotCompleted("pending".to_owned());
        assert_eq!(order(&data).unwrap().validate(&wanted()), Err(pending));
    }
}

#[test]
fn record_age_is_by_the_clock_of_the_vendor() {
    let signed_at = 1_709_633_472;
    for (created, age) in [
        (json!(signed_at - 90), Some(90)),
        (json!(signed_at), Some(0)),
        (json!(signed_at + 90), Some(0)),
        (json!(0), None),
        (json!(-1), None),
        (json!(null), None),
    ] {
        let mut data = changed(three_cards(), "/create_time", created.clone());
        // A card from stock is older than its order.
        data["order_pins"][1]["create_time"] = json!(signed_at - 500);
        let age = age.map(Duration::from_secs);
        assert_eq!(order(&data).unwrap().record_age, age, "{created}");
    }
}
