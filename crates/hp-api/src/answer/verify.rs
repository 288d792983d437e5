use std::time::{Duration, SystemTime};

use super::headers::Headers;
use crate::{
    call_error::{CallError, CallResult},
    date,
    json::Value,
    sign::{self, Verifier},
};

/// Checks the signature and returns the date that it covers.
pub(super) fn check_signature<'a>(
    verifier: &Verifier,
    headers: &Headers<'a>,
    data: &Value,
    capacity: usize,
) -> CallResult<&'a str> {
    let sign = headers
        .sign
        .text()
        .map_err(|why| unverified(&format!("the Sign header {why}")))?;
    let date_gmt = headers
        .date_gmt
        .text()
        .map_err(|why| unverified(&format!("the Date-GMT header {why}")))?;
    let flat = sign::flatten_value(data, capacity);
    verifier
        .verify(&flat, date_gmt, sign)
        .map_err(|error| unverified(&error.to_string()))?;
    Ok(date_gmt)
}

/// Checks the age of an answer, because an old signed answer could be replayed. Returns its date.
pub(super) fn check_age(date: &str, now: SystemTime, window: Duration) -> CallResult<SystemTime> {
    let Some(date) = date::parse(date) else {
        return Err(CallError::Stale(
            "its Date-GMT header is not a date".to_owned(),
        ));
    };
    let age = now
        .duration_since(date)
        .unwrap_or_else(|ahead| ahead.duration());
    if age > window {
        let (age, window) = (age.as_secs(), window.as_secs());
        return Err(CallError::Stale(format!(
            "its Date-GMT header differs from the clock by {age} s, at most {window} s are allowed"
        )));
    }
    Ok(date)
}

fn unverified(why: &str) -> CallError {
    CallError::Unverified(why.to_owned())
}
