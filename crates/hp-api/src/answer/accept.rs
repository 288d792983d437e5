use std::time::{Duration, SystemTime};

use super::{data::Data, envelope, headers::Headers, verify};
use crate::{call_error::CallResult, sign::Verifier};

/// Verifies an answer and returns its data. The vendor must have signed it at most `window` before or after `now`.
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
/// [`Malformed`], [`Api`], [`NoData`], [`Unverified`] or [`Stale`], checked in this order.
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
    let value = envelope::data(body)?;
    let date_gmt = verify::check_signature(verifier, headers, &value, body.len())?;
    let signed_at = verify::check_age(date_gmt, now, window)?;
    Ok(Data { value, signed_at })
}
