//! The control endpoints under `/_sandbox`, for tests and developers. They need no signature.

use std::collections::BTreeMap;

use hyper::Method;
use rust_decimal::Decimal;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::reply::{Answer, JSON, TEXT};
use crate::setting::{BadSetting, Balance};
use crate::trigger::FaultRate;
use crate::vendor::{Request, Vendor};

const HELP: &str = "\
hp-sandbox is a local HitPoints for tests. These are its control endpoints:

  GET  /_sandbox/ledger
       Returns every charge as JSON.

  GET  /_sandbox/ledger?format=tsv
       Returns one line for each order id, with tabs between the columns:
       out_trade_id, product_id, quantity, times charged, total price.

  POST /_sandbox/faults    {\"lost-answer\":0.1,\"query:http-500-before\":0.05}
       Replaces all fault rates. {} removes them.

  POST /_sandbox/balance   {\"CNY\":\"500.00\"}
       Sets the balance of each given account. This counts as a top-up.

The reseller API is under /v1. A suffix of the order id requests a fault for
that order: A-17~lost-answer
";

/// Answers a call to a control endpoint.
pub(crate) fn answer(vendor: &Vendor, request: &Request<'_>) -> Answer {
    let result = match (request.method, request.path) {
        (&Method::GET, "/_sandbox" | "/_sandbox/") => Ok(Answer::new(200, TEXT, HELP.to_owned())),
        (&Method::GET, "/_sandbox/ledger") => Ok(ledger(vendor, request.query)),
        (&Method::POST, "/_sandbox/faults") => set_faults(vendor, request.body),
        (&Method::POST, "/_sandbox/balance") => set_balances(vendor, request.body),
        (method, path) => Ok(unknown(method, path)),
    };
    result.unwrap_or_else(|BadSetting(why)| Answer::new(400, TEXT, why + "\n"))
}

fn ledger(vendor: &Vendor, query: &str) -> Answer {
    let ledger = vendor.ledger();
    if query.split('&').any(|pair| pair == "format=tsv") {
        return Answer::new(200, "text/tab-separated-values", ledger.tsv());
    }
    json(&ledger)
}

fn set_faults(vendor: &Vendor, body: &[u8]) -> Result<Answer, BadSetting> {
    let rates: BTreeMap<String, f64> = parse(body, r#"{"lost-answer":0.1}"#)?;
    let faults = rates.iter().map(|(name, rate)| FaultRate::new(name, *rate));
    let faults = faults.collect::<Result<Vec<_>, _>>()?;
    vendor.faults.replace_rates(&faults);
    Ok(json(&rates))
}

fn set_balances(vendor: &Vendor, body: &[u8]) -> Result<Answer, BadSetting> {
    let amounts: BTreeMap<String, Decimal> = parse(body, r#"{"CNY":"500.00"}"#)?;
    let balances = amounts
        .iter()
        .map(|(currency, amount)| Balance::new(currency, *amount));
    for balance in balances.collect::<Result<Vec<_>, _>>()? {
        set_balance(vendor, &balance)?;
    }
    Ok(json(&vendor.accounts.snapshot().1))
}

/// Sets a balance. The reason of a failure is text for the caller.
pub(crate) fn set_balance(vendor: &Vendor, balance: &Balance) -> Result<(), BadSetting> {
    let set = vendor.accounts.set_balance(balance);
    set.map_err(|why| BadSetting(why.to_string()))
}

fn parse<T: DeserializeOwned>(body: &[u8], example: &str) -> Result<T, BadSetting> {
    serde_json::from_slice(body).map_err(|why| {
        BadSetting(format!(
            "cannot read the body: {why}; send JSON such as {example}"
        ))
    })
}

fn json(value: &impl Serialize) -> Answer {
    match serde_json::to_string(value) {
        Ok(text) => Answer::new(200, JSON, text),
        Err(why) => Answer::new(500, TEXT, why.to_string()),
    }
}

fn unknown(method: &Method, path: &str) -> Answer {
    let text = format!("there is no endpoint {method} {path}\n\n{HELP}");
    Answer::new(404, TEXT, text)
}
