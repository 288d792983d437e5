//! Whole answers without I/O: envelope, signature, date, shape.
//!
//! [`accept`] takes the headers and the body of an HTTP 200 answer and gives its [`Data`], but only if
//! it is signed and fresh. [`Data`] then reads as what was asked for, or says which field is wrong.

mod data;
mod envelope;
mod fields;
mod headers;
mod read;
mod seal;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

pub use data::Data;
pub use headers::{Header, Headers};

use crate::{call_error::CallResult, sign::Verifier};

/// The data of an answer, if the vendor signed it less than `window` before or after `now`.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use hp_api::{AppSecret, CallError, answer::{Headers, accept}, sign::Verifier};
///
/// let verifier = Verifier::secret(AppSecret::from("secret".to_owned()));
/// let body = br#"{"code":400113,"message":"user balance not enough","success":false}"#;
/// let answer = accept(&verifier, UNIX_EPOCH, Duration::from_secs(300), &Headers::default(), body);
/// assert!(matches!(answer, Err(CallError::Api(error)) if error.code == 400_113));
/// ```
///
/// # Errors
/// [`Malformed`], [`Api`], [`NoData`], [`Unverified`] or [`Stale`], looked for in this order.
///
/// [`Malformed`]: crate::CallError::Malformed
/// [`Api`]: crate::CallError::Api
/// [`NoData`]: crate::CallError::NoData
/// [`Unverified`]: crate::CallError::Unverified
/// [`Stale`]: crate::CallError::Stale
pub fn accept<'a>(
    verifier: &Verifier,
    now: SystemTime,
    window: Duration,
    headers: &Headers,
    body: &'a [u8],
) -> CallResult<Data<'a>> {
    let data = envelope::data(body)?;
    let signed_at = seal::check(verifier, headers, &data, body.len())?;
    seal::check_age(signed_at, now, window)?;
    Ok(Data(data))
}
