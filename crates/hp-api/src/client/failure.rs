use std::{error::Error, fmt::Write};

use super::cancellable_body::Cancelled;

/// Returns `true` if the caller cancelled the request. The vendor cannot execute a request without its body.
pub(super) fn is_cancelled(error: &(dyn Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |&cause| cause.source());
    causes.any(<dyn Error>::is::<Cancelled>)
}

/// Formats an error with its causes.
pub(super) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a string cannot fail.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
