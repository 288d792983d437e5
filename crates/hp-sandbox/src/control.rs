//! The control paths under `/_sandbox`: for tests and people, unsigned.

use std::collections::BTreeMap;

use hyper::Method;
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;

use crate::ledger::Ledger;
use crate::reply::{Answer, JSON, TEXT};
use crate::setting::{BadSetting, Balance};
use crate::trigger::FaultRate;
use crate::vendor::{Request, Vendor};

const HELP: &str = "\
This is a local stand-in for HitPoints. Ask it for:

  GET  /_sandbox/ledger              every charge, as JSON
  GET  /_sandbox/ledger?format=tsv   a line for each order id: out_trade_id, product_id, quantity, times, total
  POST /_sandbox/faults              {\"lost-answer\":0.1,\"query:http-500-before\":0.05} replaces all rates; {} ends them
  POST /_sandbox/balance             {\"CNY\":\"500.00\"} sets accounts and counts as a top-up

The reseller API itself is under /v1. A fault can be asked for by the end of an order id: A-17~lost-answer
";

/// Answers a control call.
pub(crate) fn answer(vendor: &Vendor, request: &Request<'_>) -> Answer {
    let (get, post) = (
        request.method == Method::GET,
        request.method == Method::POST,
    );
    let done = match request.path {
        "/_sandbox" | "/_sandbox/" if get => Ok(Answer::plain(200, TEXT, HELP.to_owned())),
        "/_sandbox/ledger" if get => Ok(ledger(vendor, request.query)),
        "/_sandbox/faults" if post => set_faults(vendor, request.body),
        "/_sandbox/balance" if post => set_balances(vendor, request.body),
        path => Ok(unknown(request.method, path)),
    };
    done.unwrap_or_else(|BadSetting(why)| Answer::plain(400, TEXT, why + "\n"))
}

/// All charges so far.
pub(crate) fn snapshot(vendor: &Vendor) -> Ledger {
    let (orders, balances) = vendor.bank.books_so_far();
    Ledger::of(&orders, vendor.seed, balances)
}

fn ledger(vendor: &Vendor, query: &str) -> Answer {
    let ledger = snapshot(vendor);
    if query.split('&').any(|pair| pair == "format=tsv") {
        return Answer::plain(200, "text/tab-separated-values", ledger.tsv());
    }
    as_json(&ledger)
}

fn set_faults(vendor: &Vendor, body: &[u8]) -> Result<Answer, BadSetting> {
    let rates: BTreeMap<String, f64> = read(body, r#"{"lost-answer":0.1}"#)?;
    let faults = rates.iter().map(|(name, rate)| FaultRate::new(name, *rate));
    vendor
        .mischief
        .set_all(&faults.collect::<Result<Vec<_>, _>>()?);
    Ok(as_json(&rates))
}

fn set_balances(vendor: &Vendor, body: &[u8]) -> Result<Answer, BadSetting> {
    let amounts: BTreeMap<String, Decimal> = read(body, r#"{"CNY":"500.00"}"#)?;
    let balances = amounts
        .iter()
        .map(|(currency, amount)| Balance::new(currency, *amount));
    for balance in balances.collect::<Result<Vec<_>, _>>()? {
        vendor.bank.set_balance(balance);
    }
    Ok(as_json(&vendor.bank.books_so_far().1))
}

fn read<T: DeserializeOwned>(body: &[u8], example: &str) -> Result<T, BadSetting> {
    serde_json::from_slice(body)
        .map_err(|why| BadSetting(format!("{why}; send JSON such as {example}")))
}

fn as_json(value: &impl serde::Serialize) -> Answer {
    match serde_json::to_string(value) {
        Ok(text) => Answer::plain(200, JSON, text),
        Err(why) => Answer::plain(500, TEXT, why.to_string()),
    }
}

fn unknown(method: &Method, path: &str) -> Answer {
    Answer::plain(404, TEXT, format!("no {method} {path} here\n\n{HELP}"))
}
