//! Properties of any input.
#![allow(
    clippy::unwrap_used,
    reason = "a failure in test support is a failed test"
)]

use std::time::{Duration, UNIX_EPOCH};

use hp_api::{
    AppSecret, CallError, Currency, Money, OrderId, PinSn, ProductId, Quantity,
    answer::{Header, Headers, accept},
    date,
    request::Request,
    sign::{Signer, Verifier, flatten},
};
use proptest::prelude::*;
use serde_json::{Map, Value};

const NOW: &str = "Tue, 05 Mar 2024 10:11:12 GMT";

fn secret() -> AppSecret {
    AppSecret::from("demo-secret-0001".to_owned())
}

/// Generates JSON whose keys and list elements begin with a letter, so that PHP sorts by bytes.
fn lettered() -> impl Strategy<Value = Value> {
    let leaf = "[a-z][ -~]{0,6}".prop_map(Value::from);
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z][ -~]{0,6}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Flattens such JSON by the rule of the contract. (A map of `serde_json` sorts its keys.)
fn plainly_flat(value: &Value) -> String {
    match value {
        Value::Object(members) => members.values().map(plainly_flat).collect(),
        Value::Array(elements) => {
            let mut texts: Vec<_> = elements.iter().map(plainly_flat).collect();
            texts.sort();
            texts.concat()
        }
        text => text.as_str().unwrap().to_owned(),
    }
}

proptest! {
    #[test]
    fn flatten_never_panics_on_bytes(bytes: Vec<u8>) {
        let _ = flatten(&bytes);
    }

    #[test]
    fn flatten_never_panics_on_json_characters(text in r#"[\[\]{}:,"\\0-9eE+. ux\n-]{0,60}"#) {
        let _ = flatten(text.as_bytes());
    }

    #[test]
    fn accept_never_panics(body: Vec<u8>, sign: Vec<u8>, dated: Vec<u8>) {
        let headers = Headers { sign: Header::Once(&sign), date_gmt: Header::Once(&dated) };
        let verifier = Verifier::secret(secret());
        let answer = accept(&verifier, UNIX_EPOCH, Duration::ZERO, &headers, &body);
        prop_assert!(answer.is_err());
    }

    #[test]
    fn plain_json_is_sorted_by_bytes(value in lettered()) {
        prop_assume!(!value.is_string());
        let flat = flatten(value.to_string().as_bytes()).unwrap();
        prop_assert_eq!(String::from_utf8(flat).unwrap(), plainly_flat(&value));
    }

    #[test]
    fn blanks_and_escapes_do_not_change_the_flat_text(value in lettered()) {
        prop_assume!(!value.is_string());
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let escaped = value.to_string().replace('a', "\\u0061").replace('/', "\\/");
        let flat = flatten(value.to_string().as_bytes());
        prop_assert_eq!(&flatten(pretty.as_bytes()), &flat);
        prop_assert_eq!(&flatten(escaped.as_bytes()), &flat);
    }

    #[test]
    fn list_of_texts_keeps_every_byte(texts: Vec<String>) {
        let flat = flatten(Value::from(texts.clone()).to_string().as_bytes()).unwrap();
        let sorted = |mut bytes: Vec<u8>| { bytes.sort_unstable(); bytes };
        prop_assert_eq!(sorted(flat), sorted(texts.concat().into_bytes()));
    }

    #[test]
    fn signed_answer_is_accepted_within_the_window(value in lettered(), late in 0u64..600) {
        prop_assume!(!value.is_string() && !["{}", "[]"].contains(&&*value.to_string()));
        let body = format!(r#"{{"code":200,"data":{value}}}"#);
        let flat = flatten(value.to_string().as_bytes()).unwrap();
        let sign = Signer::secret(secret()).sign(&flat, NOW);
        let headers = Headers {
            sign: Header::Once(sign.as_bytes()),
            date_gmt: Header::Once(NOW.as_bytes()),
        };
        let now = date::parse(NOW).unwrap() + Duration::from_secs(late);
        let window = Duration::from_mins(5);
        let answer = accept(&Verifier::secret(secret()), now, window, &headers, body.as_bytes());
        match answer {
            Ok(_) => prop_assert!(late <= 300),
            Err(CallError::Stale(_)) => prop_assert!(late > 300),
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn signature_breaks_if_one_letter_changes(flat in "[a-z]{1,40}", at: prop::sample::Index) {
        let sign = Signer::secret(secret()).sign(flat.as_bytes(), NOW);
        let mut changed = flat.clone().into_bytes();
        changed[at.index(flat.len())] ^= 1;
        prop_assert!(Verifier::secret(secret()).verify(&changed, NOW, &sign).is_err());
    }

    #[test]
    fn request_signature_covers_decoded_parameters(id in "[!-~]{1,50}", key in "[a-zA-Z][a-zA-Z0-9]{15}") {
        let order_id: OrderId = id.parse().unwrap();
        let request = Request::QueryOrder { order_id: &order_id };
        let params: Map<_, _> = request.params(&key).into_iter()
            .map(|(name, value)| (name.to_owned(), Value::from(value.into_owned()))).collect();
        let flat = flatten(Value::Object(params).to_string().as_bytes()).unwrap();
        let signed = request.sign(&Signer::secret(secret()), &key, NOW);
        prop_assert_eq!(Verifier::secret(secret()).verify(&flat, NOW, &signed.sign), Ok(()));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%=&".contains(&byte);
        prop_assert!(signed.params.bytes().all(plain));
    }

    #[test]
    fn date_round_trips(seconds in 0u64..253_402_300_800) {
        let time = UNIX_EPOCH + Duration::from_secs(seconds);
        prop_assert_eq!(date::parse(&date::format(time)), Some(time));
    }

    #[test]
    fn values_never_panic_and_round_trip(text: String) {
        let taken = [
            text.parse::<OrderId>().map(|value| value.to_string()),
            text.parse::<PinSn>().map(|value| value.to_string()),
            text.parse::<ProductId>().map(|value| value.to_string()),
            text.parse::<Quantity>().map(|value| value.to_string()),
            text.parse::<Currency>().map(|value| value.to_string()),
        ];
        for value in taken.into_iter().flatten() {
            prop_assert_eq!(&value, &text);
        }
        let _ = text.parse::<Money>();
        let _ = date::parse(&text);
    }

    #[test]
    fn money_round_trips(cents: u64) {
        let text = format!("{}.{:02}", cents / 100, cents % 100);
        prop_assert_eq!(text.parse::<Money>().unwrap().to_string(), text);
    }
}
