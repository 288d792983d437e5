use std::{error::Error, fmt::Write};

use super::guarded::Cancelled;
use crate::call_error::CallError;

/// What a failed exchange is: connecting comes before the first byte of the request, all else after.
pub(super) fn of_sending(error: reqwest::Error) -> CallError {
    if is_cancelled(&error) {
        return CallError::Cancelled;
    }
    let nothing_sent = error.is_connect() || error.is_builder();
    let why = chain(&error.without_url());
    if nothing_sent {
        CallError::NeverSent(why)
    } else {
        CallError::Lost(why)
    }
}

/// A request without its body is none that can be acted on.
fn is_cancelled(error: &reqwest::Error) -> bool {
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.any(<dyn Error>::is::<Cancelled>)
}

pub(super) fn of_reading(error: reqwest::Error) -> CallError {
    CallError::Lost(chain(&error.without_url()))
}

/// An error with its causes; the address it comes with would show parameters.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // A text takes every write.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
