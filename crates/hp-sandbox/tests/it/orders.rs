use hp_sandbox::{NotFound, Options, Sandbox};
use serde_json::json;

use crate::raw_client::{fetch, items, pin, query};

#[tokio::test]
async fn fetch_returns_signed_cards_and_charges_once() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let answer = fetch(&sandbox, "A-1", 31, 2).answer().await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.is_signed());
    let data = answer.data();
    assert_eq!(data["out_trade_id"], "A-1");
    assert_eq!(data["unit_price"], "43.75");
    assert_eq!(data["total_price"], "87.50");
    assert_eq!(data["status"], "completed");
    assert_eq!(answer.pins().len(), 2);

    let ledger = sandbox.ledger();
    let charge = ledger.charge("A-1").unwrap();
    assert_eq!((charge.times, charge.quantity), (1, 2));
    assert_eq!(charge.total_price.to_string(), "87.50");
    assert_eq!(
        answer.pins()[1]["pin_key"],
        charge.cards[1].pin_key.as_str()
    );
}

#[tokio::test]
async fn envelope_has_the_vendors_fields_in_order() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let good = fetch(&sandbox, "A-1", 2, 1).answer().await;
    assert!(
        good.body
            .starts_with(r#"{"data":{"order_id":1,"reseller_id":"#)
    );
    assert!(
        good.body
            .ends_with(r#"},"code":200,"message":"ok","success":true}"#)
    );

    let bad = fetch(&sandbox, "A-2", 2, 21).answer().await;
    assert_eq!(
        bad.body,
        r#"{"code":400100,"message":"bad request parameter, parameter validate fail","success":false}"#
    );
    assert_eq!((bad.header("sign"), bad.header("date-gmt")), (None, None));
}

#[tokio::test]
async fn query_returns_the_fetched_order() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let fetched = fetch(&sandbox, "A-1", 31, 3).answer().await;
    let queried = query(&sandbox, "A-1").answer().await;
    assert!(queried.is_signed());
    assert_eq!(queried.data(), fetched.data());
}

#[tokio::test]
async fn card_query_returns_the_row_without_order_id() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let mut row = fetch(&sandbox, "A-1", 31, 3).answer().await.pins()[2].clone();
    let answer = pin(&sandbox, row["pin_sn"].as_str().unwrap())
        .answer()
        .await;
    assert!(answer.is_signed());
    row.as_object_mut().unwrap().remove("order_id");
    assert_eq!(answer.data(), row);
}

#[tokio::test]
async fn not_found_uses_the_configured_code() {
    let options = Options {
        not_found: NotFound::Code(400_119),
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    assert_eq!(query(&sandbox, "A-1").code().await, 400_119);
    assert_eq!(pin(&sandbox, "T000000001K00001").code().await, 400_119);
    assert_eq!(pin(&sandbox, "é00000000éK00001").code().await, 400_119);
}

#[tokio::test]
async fn not_found_can_be_success_without_data() {
    let options = Options {
        not_found: NotFound::Empty,
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let answer = query(&sandbox, "A-1").answer().await;
    assert_eq!(
        answer.json(),
        json!({"data": [], "code": 200, "message": "ok", "success": true})
    );
    assert_eq!(answer.header("sign"), None);
}

#[tokio::test]
async fn cards_are_distinct_and_have_16_characters() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let mut cards = Vec::new();
    for id in ["A-1", "A-2", "A-3"] {
        cards.extend(fetch(&sandbox, id, 2, 20).answer().await.pins());
    }
    let of = |name: &str| {
        let texts = cards
            .iter()
            .map(|card| card[name].as_str().unwrap().to_owned());
        texts.collect::<std::collections::HashSet<_>>()
    };
    for name in ["pin_sn", "pin_key"] {
        assert_eq!(of(name).len(), 60);
        assert!(of(name).iter().all(|text| text.len() == 16));
    }
}

#[tokio::test]
async fn seed_determines_the_cards() {
    let mut pins = Vec::new();
    for seed in [5, 5, 6] {
        let sandbox = Sandbox::start(Options {
            seed,
            ..Options::local()
        })
        .unwrap();
        pins.push(fetch(&sandbox, "A-1", 2, 1).answer().await.pins()[0]["pin_key"].clone());
    }
    assert_eq!(pins[0], pins[1]);
    assert_ne!(pins[0], pins[2]);
}

#[tokio::test]
async fn order_id_in_any_script_is_returned_and_signed() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    for id in ["order/2024 #7 & é=+%~", r#"a"b\c"#, "订单-1"] {
        let answer = fetch(&sandbox, id, 2, 1).answer().await;
        assert_eq!(answer.data()["out_trade_id"], id);
        assert!(answer.is_signed());
        assert!(query(&sandbox, id).answer().await.is_signed());
    }
}

#[tokio::test]
async fn largest_order_is_answered_completely() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let answer = fetch(&sandbox, "A-1", 9, 10_000).answer().await;
    assert_eq!(answer.pins().len(), 10_000);
    assert!(answer.is_signed());
    assert_eq!(answer.data()["total_price"], "9900.00");
}

#[tokio::test]
async fn unknown_path_or_method_gets_an_http_error() {
    let sandbox = Sandbox::start(Options::local()).unwrap();
    let mut wrong_path = items(&sandbox, vec![]);
    wrong_path.path = "/v2/items";
    assert_eq!(wrong_path.answer().await.status, 404);
    let mut wrong_method = items(&sandbox, vec![]);
    wrong_method.method = "POST";
    assert_eq!(wrong_method.answer().await.status, 405);
}
