use std::time::SystemTime;

use hp_api::{
    date,
    sign::{Signer, flatten},
};
use serde_json::{Value, json};

use super::secret;

/// Returns the vendor's record of an order of two cards of product 31.
pub(crate) fn order(order_id: &str) -> Value {
    json!({
        "order_id": 417, "reseller_id": 20011, "out_trade_id": order_id, "user_account_id": 77,
        "category_name": "Demo Card", "product_name": "50 Units", "currency": "USD",
        "product_id": 31, "par_value": "50.00", "reseller_discount": "12.50",
        "unit_price": "43.75", "quantity": 2, "total_price": "87.50", "status": "completed",
        "create_time": 1_712_000_000,
        "order_pins": [pin("T000000417K00001", "BP905QS5ZDZAV0ZB"), pin("T000000417K00002", "YV622EE6BNQER2P5")]
    })
}

pub(crate) fn pin(pin_sn: &str, pin_key: &str) -> Value {
    json!({
        "pin_sn": pin_sn, "pin_key": pin_key, "order_id": 417, "product_id": 31,
        "category_name": "Demo Card", "product_name": "50 Units", "currency": "USD",
        "amount": "50.00", "cost_price": "43.75", "status": "active",
        "create_time": 1_712_000_000, "expire_time": 1_743_552_000
    })
}

pub(crate) fn product() -> Value {
    json!({
        "product_id": 31, "product_name": "Demo Card", "category_name": "50 Units",
        "category_code": "demo-card-a", "region": "GL", "currency": "USD", "par_value": "50.00",
        "discount_rate": "12.50%", "max_fetch_quantity": 20
    })
}

/// Returns a successful answer, signed now.
pub(crate) fn signed(data: &Value) -> Vec<u8> {
    let (now, signature) = sign(data);
    let headers = format!("Date-GMT: {now}\r\nSign: {signature}\r\n");
    http("200 OK", &headers, &success(data))
}

pub(crate) fn success(data: &Value) -> String {
    json!({"data": data, "code": 200, "message": "ok", "success": true}).to_string()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the client compares with the real clock"
)]
pub(crate) fn sign(data: &Value) -> (String, String) {
    let now = date::format(SystemTime::now());
    let flat = flatten(data.to_string().as_bytes()).unwrap();
    let sign = Signer::secret(secret()).sign(&flat, &now);
    (now, sign)
}

pub(crate) fn error(code: i64, message: &str) -> Vec<u8> {
    let body = json!({"code": code, "message": message, "success": false}).to_string();
    http("200 OK", "", &body)
}

pub(crate) fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n{body}").into_bytes()
}
