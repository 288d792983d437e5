//! Checks the headers of an answer that say where it ends and how to read it.

use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING},
};

use crate::call_error::{CallError, CallResult};

/// Refuses an answer whose end or form is ambiguous: two programs could read two different answers.
///
/// An error that decides about an order is not signed, so its headers must be beyond doubt. The client asks for no compression
/// and undoes none.
pub(super) fn check(headers: &HeaderMap) -> CallResult<()> {
    for name in [CONTENT_LENGTH, TRANSFER_ENCODING, CONTENT_ENCODING] {
        if headers.get_all(&name).iter().count() > 1 {
            return refuse(&name, "is repeated");
        }
    }
    let is_list = |value: &http::HeaderValue| value.as_bytes().contains(&b',');
    if headers.get(CONTENT_LENGTH).is_some_and(is_list) {
        return refuse(&CONTENT_LENGTH, "has several values");
    }
    if headers.contains_key(CONTENT_LENGTH) && headers.contains_key(TRANSFER_ENCODING) {
        return refuse(&CONTENT_LENGTH, "contradicts transfer-encoding");
    }
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => refuse(
            &CONTENT_ENCODING,
            "names a compression, which nobody asked for",
        ),
        _ => Ok(()),
    }
}

fn refuse(name: &HeaderName, why: &str) -> CallResult<()> {
    Err(CallError::Malformed(format!("its header {name} {why}")))
}
