//! Every row of the contract's tables of fields: required, or descriptive.
//!
//! A descriptive field that is null, absent or of another type is absent. It never makes a paid order unreadable.
#![allow(
    clippy::unwrap_used,
    reason = "a failure in test support is a failed test"
)]

mod signed;

use hp_api::{
    CallError, CallResult, Card, CurrencyText, FetchCards, Mismatch, Order, ProductId, ProductList,
    Quantity, answer::Data,
};
use serde_json::{Value, json};

use signed::signed;

/// What a field is for.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// It proves the order or its cards.
    Required,
    /// It only describes them.
    Descriptive,
}

use Role::{Descriptive, Required};

const ORDER: [(&str, Role); 16] = [
    ("order_id", Required),
    ("reseller_id", Descriptive),
    ("out_trade_id", Required),
    ("user_account_id", Descriptive),
    ("category_name", Descriptive),
    ("product_name", Descriptive),
    ("currency", Descriptive),
    ("product_id", Required),
    ("par_value", Descriptive),
    ("reseller_discount", Descriptive),
    ("unit_price", Required),
    ("quantity", Required),
    ("total_price", Required),
    ("status", Required),
    ("create_time", Descriptive),
    ("order_pins", Required),
];

const CARD: [(&str, Role); 12] = [
    ("pin_sn", Required),
    ("pin_key", Required),
    ("order_id", Descriptive),
    ("product_id", Descriptive),
    ("category_name", Descriptive),
    ("product_name", Descriptive),
    ("currency", Descriptive),
    ("amount", Descriptive),
    ("cost_price", Descriptive),
    ("status", Descriptive),
    ("create_time", Descriptive),
    ("expire_time", Descriptive),
];

const PRODUCT: [(&str, Role); 9] = [
    ("product_id", Required),
    ("product_name", Descriptive),
    ("category_name", Descriptive),
    ("category_code", Descriptive),
    ("region", Descriptive),
    ("currency", Required),
    ("par_value", Required),
    ("discount_rate", Descriptive),
    ("max_fetch_quantity", Required),
];

fn card(number: u32) -> Value {
    json!({
        "pin_sn": format!("T000000417K{number:05}"), "pin_key": "BP905QS5ZDZAV0ZB", "order_id": 417,
        "product_id": 31, "category_name": "Demo Card", "product_name": "50 Units",
        "currency": "USD", "amount": "50.00", "cost_price": "43.75", "status": "active",
        "create_time": 1_709_633_000, "expire_time": 1_743_552_000
    })
}

fn order() -> Value {
    json!({
        "order_id": 417, "reseller_id": 20011, "out_trade_id": "A-1", "user_account_id": 77,
        "category_name": "Demo Card", "product_name": "50 Units", "currency": "USD",
        "product_id": 31, "par_value": "50.00", "reseller_discount": "12.50",
        "unit_price": "43.75", "quantity": 2, "total_price": "87.50", "status": "completed",
        "create_time": 1_709_633_000, "order_pins": [card(1), card(2)]
    })
}

fn product(id: u64) -> Value {
    json!({
        "product_id": id, "product_name": "Demo Card", "category_name": "50 Units",
        "category_code": "demo-card-a", "region": "GL", "currency": "USD", "par_value": "50.00",
        "discount_rate": "5.00%", "max_fetch_quantity": 20
    })
}

fn wanted() -> FetchCards {
    FetchCards {
        order_id: "A-1".parse().unwrap(),
        product_id: ProductId::new(31).unwrap(),
        quantity: Quantity::new(2).unwrap(),
    }
}

fn as_order(data: Data<'_>) -> CallResult<Order> {
    data.into_order()
}

fn as_card(data: Data<'_>) -> CallResult<Card> {
    data.into_card()
}

fn as_products(data: Data<'_>) -> CallResult<ProductList> {
    data.into_products()
}

/// Reads an order and validates it against the request.
fn read(data: &Value) -> CallResult<Order> {
    let order = signed(data, as_order)?;
    order.validate(&wanted())?;
    Ok(order)
}

fn products(rows: &Value) -> CallResult<ProductList> {
    signed(&json!({"pin-value-fixed": rows}), as_products)
}

/// Returns the object with the field null, absent, and of each other type.
fn spoiled(object: &Value, field: &str) -> Vec<Value> {
    let mut without = object.clone();
    without.as_object_mut().unwrap().remove(field).unwrap();
    let number_or_text = if object[field].is_string() {
        json!(7)
    } else {
        json!("7")
    };
    let others = [
        json!(null),
        number_or_text,
        json!(1.5),
        json!(true),
        json!({"a": "b"}),
    ];
    let with = |value| {
        let mut object = object.clone();
        object[field] = value;
        object
    };
    others.into_iter().map(with).chain([without]).collect()
}

fn assert_names<T: std::fmt::Debug>(result: CallResult<T>, field: &str) {
    let Err(CallError::Shape(why)) = result else {
        panic!("{field}: {result:?}")
    };
    assert!(why.starts_with(field), "{field}: {why}");
}

#[test]
fn order_fields_are_required_or_descriptive() {
    assert_eq!(order().as_object().unwrap().len(), ORDER.len());
    for (field, role) in ORDER {
        for data in spoiled(&order(), field) {
            // PHP writes a list with gaps as an object, so an object may be a list of cards.
            match role {
                Required if data[field].is_object() && field == "order_pins" => {}
                Required => assert_names(read(&data), field),
                Descriptive => assert_eq!(read(&data).unwrap().cards.len(), 2, "{data}"),
            }
        }
    }
}

#[test]
fn card_fields_are_required_or_descriptive() {
    assert_eq!(card(1).as_object().unwrap().len(), CARD.len());
    for (field, role) in CARD {
        for row in spoiled(&card(2), field) {
            let mut data = order();
            data["order_pins"][1] = row.clone();
            match role {
                Required => assert_names(read(&data), &format!("order_pins[1].{field}")),
                Descriptive => {
                    let cards = read(&data).unwrap().cards;
                    assert_eq!(cards[1].pin_key.expose(), "BP905QS5ZDZAV0ZB");
                    signed(&row, as_card).unwrap();
                }
            }
        }
    }
}

#[test]
fn order_of_required_fields_alone_is_complete() {
    let mut data = order();
    for (field, _) in ORDER.iter().filter(|(_, role)| *role == Descriptive) {
        data.as_object_mut().unwrap().remove(*field);
    }
    data["order_pins"] = json!([
        {"pin_sn": "T000000417K00001", "pin_key": "BP905QS5ZDZAV0ZB"},
        {"pin_sn": "T000000417K00002", "pin_key": "YV622EE6BNQER2P5"}
    ]);
    let order = read(&data).unwrap();
    let first = &order.cards[0];
    assert_eq!((order.record_age, order.create_time), (None, None));
    assert_eq!(
        (first.amount, first.currency, &first.status),
        (None, None, &None)
    );
}

#[test]
fn odd_currency_never_hides_a_paid_order() {
    for (currency, text) in [
        (json!("USD"), Some("USD")),
        (json!("USDT"), Some("USDT")),
        (json!("usd"), Some("usd")),
        (json!(""), None),
        (json!("US dollar"), None),
        (json!("US\n"), None),
        (json!("X".repeat(13)), None),
        (json!(840), None),
        (json!(null), None),
    ] {
        let mut data = order();
        data["currency"] = currency;
        let order = read(&data).unwrap();
        assert_eq!(order.currency.as_ref().map(CurrencyText::as_str), text);
        assert_eq!(order.cards.len(), 2);
    }
}

#[test]
fn price_of_an_order_has_up_to_two_decimals() {
    for (unit_price, total_price) in [("9.5", "19"), ("9.50", "19.0"), ("10", "20.00")] {
        let mut data = order();
        (data["unit_price"], data["total_price"]) = (unit_price.into(), total_price.into());
        data["par_value"] = json!("10");
        let order = read(&data).unwrap();
        assert_eq!(order.total_price.to_string().len(), 5, "{total_price}");
        assert_eq!(order.par_value.unwrap().to_string(), "10.00");
    }
    for price in [
        "", ".", "9.", ".5", "9.500", "9,5", "+9", "-9", "9e1", " 9", "9.5.0",
    ] {
        let mut data = order();
        data["unit_price"] = price.into();
        assert_names(read(&data), "unit_price: an amount is");
    }
}

#[test]
fn descriptive_field_that_contradicts_is_a_mismatch() {
    for (field, value) in [
        ("order_id", json!(418)),
        ("product_id", json!(32)),
        ("currency", json!("EUR")),
    ] {
        let mut data = order();
        data["order_pins"][1][field] = value;
        let mismatch = Mismatch::Card(format!("order_pins[1].{field}"));
        assert_eq!(read(&data), Err(CallError::Mismatch(mismatch)));
    }
}

#[test]
fn odd_product_row_is_skipped() {
    assert_eq!(product(2).as_object().unwrap().len(), PRODUCT.len());
    for (field, role) in PRODUCT {
        for row in spoiled(&product(32), field) {
            let list = products(&json!([product(31), row, product(33)])).unwrap();
            match role {
                Descriptive => assert!(list.skipped.is_empty() && list.products.len() == 3),
                Required => {
                    assert_eq!(list.products.len(), 2);
                    let [skipped] = &list.skipped[..] else {
                        panic!("{list:?}")
                    };
                    let start = format!("product[1].{field}: ");
                    assert!(skipped.reason.starts_with(&start), "{}", skipped.reason);
                    let id = (field != "product_id").then(|| ProductId::new(32).unwrap());
                    assert_eq!(skipped.product_id, id);
                }
            }
        }
    }
}

#[test]
fn malformed_product_row_is_skipped_with_a_reason() {
    let changed = |field: &str, value: Value| {
        let mut row = product(32);
        row[field] = value;
        row
    };
    for (row, id, reason) in [
        (
            changed("currency", json!("USDT")),
            Some(32),
            "product[1].currency: a currency is",
        ),
        (
            changed("par_value", json!("10")),
            Some(32),
            "product[1].par_value: money is",
        ),
        (
            changed("max_fetch_quantity", json!(-1)),
            Some(32),
            "product[1].max_fetch_quantity: out of range",
        ),
        (
            product(31),
            Some(31),
            "product[1].product_id: in the list before",
        ),
        (json!("row"), None, "product[1]: not an object"),
        (json!([1]), None, "product[1]: not an object"),
        (json!(null), None, "product[1]: not an object"),
    ] {
        let list = products(&json!([product(31), row, product(33)])).unwrap();
        let kept: Vec<_> = list
            .products
            .iter()
            .map(|product| product.product_id.get())
            .collect();
        assert_eq!(kept, [31, 33]);
        let skipped = &list.skipped[0];
        assert_eq!(skipped.product_id.map(ProductId::get), id);
        assert!(skipped.reason.starts_with(reason), "{}", skipped.reason);
    }
}

#[test]
fn data_without_any_product_is_no_product_list() {
    assert_names(
        products(&json!([{"product_id": 31}])),
        "product[0].currency: ",
    );
    assert_names(signed(&order(), as_products), "");
    assert_eq!(products(&json!([])), Ok(ProductList::default()));
    let list = json!({"odd": "group", "pin-value-fixed": [product(31)]});
    let list = signed(&list, as_products).unwrap();
    assert_eq!((list.products.len(), list.skipped.len()), (1, 1));
}
