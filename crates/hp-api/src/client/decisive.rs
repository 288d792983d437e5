//! Errors that would decide about an order.

use super::connection::Connection;
use crate::{call_error::CallError, lookup::Lookup, refusal::Refusal, request::Request};

/// Returns `true` if this error of a query on a kept connection decides only after a check.
pub(super) fn must_ask_again(
    error: &CallError,
    request: &Request<'_>,
    connection: &Connection,
) -> bool {
    let is_query = matches!(request, Request::QueryOrder { .. });
    is_query && connection.is_kept() && is_decisive(error, request)
}

/// Returns `true` if the error would prove that an order was not charged, or that there may be no record.
pub(super) fn is_decisive(error: &CallError, request: &Request<'_>) -> bool {
    match request {
        Request::FetchCards(_) => Refusal::from_error(error).is_some(),
        Request::QueryOrder { .. } => {
            matches!(Lookup::of(Err(error.clone())), Lookup::NotFound(_))
        }
        Request::Products { .. } | Request::QueryPin { .. } => false,
    }
}
