use hp_order::Millis;
use hp_queue::{Deadline, JobError};
use jiff::Timestamp;

/// Reads a deadline: Unix milliseconds or an RFC 3339 time.
pub(crate) fn parse_deadline(text: &str) -> Result<Deadline, String> {
    let at = match text.parse() {
        Ok(at) => Some(Millis(at)),
        Err(_) => text.parse().ok().and_then(|at: Timestamp| {
            let at = u64::try_from(at.as_millisecond()).ok()?;
            Some(Millis(at))
        }),
    };
    let at = at.ok_or_else(|| {
        format!("{text:?} is not a time: write Unix milliseconds, or 2026-12-31T18:00:00Z")
    })?;
    at.try_into().map_err(|error: JobError| error.to_string())
}
