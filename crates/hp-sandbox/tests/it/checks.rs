//! The checks of authentication and parameters.

use std::time::Duration;

use hp_api::sign::Signer;
use hp_api::{AppSecret, date};
use hp_sandbox::{Options, Sandbox};

use crate::raw_client::{Call, fetch, items, now, query, secret};

fn sandbox() -> Sandbox {
    Sandbox::start(Options::local()).unwrap()
}

/// Sends a changed fetch, checks that nothing was charged, and returns the error code.
async fn refusal(change: impl FnOnce(Call) -> Call) -> i64 {
    let sandbox = sandbox();
    let code = change(fetch(&sandbox, "A-1", 2, 3)).code().await;
    assert!(sandbox.ledger().charges.is_empty(), "refused but charged");
    code
}

#[tokio::test]
async fn app_id_unknown_or_missing_is_refused() {
    assert_eq!(refusal(|call| call.header("APPID", "other")).await, 400_107);
    assert_eq!(refusal(|call| call.no_header("APPID")).await, 400_107);
}

#[tokio::test]
async fn signature_wrong_or_missing_is_refused() {
    let other = Signer::secret(AppSecret::from("other".to_owned()));
    assert_eq!(
        refusal(|call| call.signed(&other, &date::format(now()))).await,
        400_107
    );
    assert_eq!(refusal(|call| call.no_header("Sign")).await, 400_107);
    assert_eq!(refusal(|call| call.header("Sign", "x")).await, 400_107);
}

#[tokio::test]
async fn parameter_changed_after_signing_is_refused() {
    let code = refusal(|mut call| {
        call.params[2].1 = "4".to_owned();
        call
    });
    assert_eq!(code.await, 400_107);
}

#[tokio::test]
async fn date_missing_is_refused() {
    assert_eq!(refusal(|call| call.no_header("Date-GMT")).await, 400_109);
}

#[tokio::test]
async fn date_in_another_format_is_refused() {
    let signed_at = "Tue, 5 Mar 2024 10:11:12 +0000";
    let code = refusal(|call| call.signed(&Signer::secret(secret()), signed_at));
    assert_eq!(code.await, 400_110);
}

#[tokio::test]
async fn date_outside_the_window_is_refused() {
    let far = Duration::from_mins(6);
    for date in [now() - far, now() + far] {
        let text = date::format(date);
        let code = refusal(|call| call.signed(&Signer::secret(secret()), &text));
        assert_eq!(code.await, 400_111);
    }
}

#[tokio::test]
async fn date_window_follows_the_option() {
    let options = Options {
        date_window: Duration::from_hours(1),
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    let text = date::format(now() - Duration::from_mins(50));
    let call = fetch(&sandbox, "A-1", 2, 1).signed(&Signer::secret(secret()), &text);
    assert_eq!(call.code().await, 200);
}

#[tokio::test]
async fn order_id_needs_1_to_50_characters() {
    let id = "out_trade_id";
    assert_eq!(refusal(|call| call.without(id)).await, 400_100);
    for bad in ["", &"x".repeat(51), "a\tb"] {
        assert_eq!(refusal(|call| call.with(id, bad)).await, 400_100, "{bad:?}");
    }
    assert_eq!(query(&sandbox(), &"x".repeat(51)).code().await, 400_100);
    let longest = "é".repeat(50);
    assert_eq!(fetch(&sandbox(), &longest, 2, 1).code().await, 200);
}

#[tokio::test]
async fn product_and_quantity_need_positive_integers() {
    for name in ["product_id", "quantity"] {
        assert_eq!(refusal(|call| call.without(name)).await, 400_100);
        for bad in [
            "",
            "0",
            "-1",
            "+2",
            "02",
            "2.0",
            "two",
            "99999999999999999999",
        ] {
            assert_eq!(
                refusal(|call| call.with(name, bad)).await,
                400_100,
                "{bad:?}"
            );
        }
    }
}

#[tokio::test]
async fn random_key_is_required() {
    assert_eq!(refusal(|call| call.without("random_key")).await, 400_100);
    assert_eq!(refusal(|call| call.with("random_key", "")).await, 400_100);
    let uuid = "5f0c8e2b-91d4-4c76-8a3e-2b7d90f1ac44";
    assert_eq!(
        fetch(&sandbox(), "A-1", 2, 1)
            .with("random_key", uuid)
            .code()
            .await,
        200
    );
}

#[tokio::test]
async fn product_that_cannot_be_fetched_is_refused() {
    assert_eq!(
        refusal(|call| call.with("product_id", "999")).await,
        400_100
    );
    assert_eq!(refusal(|call| call.with("product_id", "71")).await, 400_100);
}

#[tokio::test]
async fn quantity_above_the_limit_is_refused() {
    assert_eq!(refusal(|call| call.with("quantity", "21")).await, 400_100);
    assert_eq!(fetch(&sandbox(), "A-1", 2, 20).code().await, 200);
}

#[tokio::test]
async fn balance_too_low_refuses_without_a_charge() {
    let options = Options {
        balance: vec!["CNY=28.49".parse().unwrap()],
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    assert_eq!(fetch(&sandbox, "A-1", 2, 3).code().await, 400_113);
    let balance = sandbox.ledger().totals.balances["CNY"];
    assert_eq!(balance.to_string(), "28.49");
    assert_eq!(fetch(&sandbox, "A-1", 2, 2).code().await, 200);
}

#[tokio::test]
async fn currency_without_an_account_is_refused() {
    let options = Options {
        balance: vec!["CNY=1000".parse().unwrap()],
        ..Options::local()
    };
    let sandbox = Sandbox::start(options).unwrap();
    assert_eq!(fetch(&sandbox, "A-1", 31, 1).code().await, 400_114);
    assert_eq!(fetch(&sandbox, "A-2", 2, 1).code().await, 200);
}

#[tokio::test]
async fn body_that_is_not_a_form_is_refused() {
    let json = |call: Call| call.header("Content-Type", "application/json");
    assert_eq!(refusal(json).await, 400_102);
}

#[tokio::test]
async fn extra_parameters_are_part_of_the_signature() {
    let sandbox = sandbox();
    let call = items(
        &sandbox,
        vec![("10", "b".into()), ("9", "a".into()), ("zz", "c".into())],
    );
    let call = call.with("1a", "d");
    assert_eq!(call.code().await, 200);
}

#[tokio::test]
async fn body_above_the_limit_gets_http_413() {
    let sandbox = sandbox();
    let call = fetch(&sandbox, "A-1", 2, 1).with("x", &"x".repeat(70_000));
    assert_eq!(call.answer().await.status, 413);
}
