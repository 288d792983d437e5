//! Whole answers, and the verdict of the contract on each.

use std::time::Duration;

use serde_json::Value as Json;

use super::{
    accept::accept,
    data::Data,
    fields::{Fields, Location},
    headers::{Header, Headers},
};
use crate::{
    call_error::{CallError, CallResult},
    date,
    json::Value,
    sign::Verifier,
    value::{AppSecret, Money, PinSn},
};

const VECTORS: &str = include_str!("../../tests/data/response-vectors.json");

#[test]
fn answers_get_the_verdict_of_the_contract() {
    let vectors: Json = serde_json::from_str(VECTORS).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 47);
    for case in cases {
        assert_eq!(verdict(&vectors, case), case["advice"], "{}", case["name"]);
    }
}

fn verdict(vectors: &Json, case: &Json) -> &'static str {
    let secret = vectors["app_secret"].as_str().unwrap().to_owned();
    let verifier = Verifier::secret(AppSecret::from(secret));
    let now = date::parse(vectors["received_at"].as_str().unwrap()).unwrap();
    let headers = Headers {
        sign: header(case, "sign"),
        date_gmt: header(case, "date-gmt"),
    };
    let body = case["body"].as_str().unwrap().as_bytes();
    let data = accept(&verifier, now, Duration::from_mins(5), &headers, body);
    match data.and_then(read_sample_row) {
        Ok(()) => "accept",
        Err(CallError::Api(_)) => "api-error",
        Err(CallError::NoData) => "no-data",
        Err(CallError::Unverified(_)) => "unverified",
        Err(CallError::Stale(_)) => "stale",
        Err(CallError::Shape(_)) => "shape",
        Err(CallError::Malformed(_)) => "malformed",
        Err(other) => panic!("{other:?}"),
    }
}

fn header<'a>(case: &'a Json, name: &str) -> Header<'a> {
    let headers = case["headers"].as_object();
    let named = headers
        .into_iter()
        .flatten()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let values = named.flat_map(|(_, value)| match value {
        Json::Array(values) => values.iter().collect(),
        value => vec![value],
    });
    values
        .map(|value| value.as_str().unwrap().as_bytes())
        .collect()
}

/// Reads the three fields of a row in the vectors. Other data is about the signature only.
fn read_sample_row(data: Data) -> CallResult<()> {
    let is_about_the_signature = match &data.value {
        Value::Map(members) => members.len() == 1,
        _ => true,
    };
    if is_about_the_signature {
        return Ok(());
    }
    let mut fields = Fields::new(data.value, Location::Data)?;
    fields.parse::<PinSn>("pin_sn")?;
    fields.text("status")?;
    fields.parse::<Money>("amount").map(drop)
}
