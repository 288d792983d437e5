use std::time::{Duration, SystemTime};

use super::Headers;
use crate::{
    call_error::{CallError, CallResult},
    date,
    json::Value,
    sign::{self, Verifier},
};

/// Checks the signature; gives the date that it covers.
pub(super) fn check<'a>(
    verifier: &Verifier,
    headers: &Headers<'a>,
    data: &Value,
    length: usize,
) -> CallResult<&'a str> {
    let sign = headers
        .sign
        .text()
        .map_err(|why| unverified(&format!("the Sign header {why}")))?;
    let dated = headers
        .date_gmt
        .text()
        .map_err(|why| unverified(&format!("the Date-GMT header {why}")))?;
    let flat = sign::flatten_value(data, length);
    verifier
        .verify(&flat, dated, sign)
        .map_err(|error| unverified(&error.to_string()))?;
    Ok(dated)
}

/// An old answer that was signed once could be played again.
pub(super) fn check_age(date: &str, now: SystemTime, window: Duration) -> CallResult<()> {
    let Some(date) = date::parse(date) else {
        return Err(CallError::Stale("its Date-GMT is no date".to_owned()));
    };
    let age = now
        .duration_since(date)
        .unwrap_or_else(|ahead| ahead.duration());
    if age > window {
        let (age, window) = (age.as_secs(), window.as_secs());
        return Err(CallError::Stale(format!(
            "its Date-GMT is {age} s from this machine's clock, at most {window} s are allowed"
        )));
    }
    Ok(())
}

fn unverified(why: &str) -> CallError {
    CallError::Unverified(why.to_owned())
}
