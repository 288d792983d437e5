use std::{error::Error, fmt::Write};

use super::cancellable_body::Cancelled;
use crate::call_error::CallError;

/// Classifies an error of sending. Only a failed connection proves that nothing was sent.
pub(super) fn on_send(error: reqwest::Error) -> CallError {
    if is_cancelled(&error) {
        return CallError::Cancelled;
    }
    let is_unsent = error.is_connect() || error.is_builder();
    let why = with_causes(&error.without_url());
    if is_unsent {
        CallError::NeverSent(why)
    } else {
        CallError::Lost(why)
    }
}

/// Returns `true` if the body was cancelled. The vendor cannot execute a request without its body.
fn is_cancelled(error: &reqwest::Error) -> bool {
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.any(<dyn Error>::is::<Cancelled>)
}

/// Classifies an error of reading the answer.
pub(super) fn on_read(error: reqwest::Error) -> CallError {
    CallError::Lost(with_causes(&error.without_url()))
}

/// Formats an error with its causes. Remove the URL first, because it contains parameters.
pub(super) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a string cannot fail.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
