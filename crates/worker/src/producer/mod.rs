//! The shop's side of the queue, by hand: `worker enqueue` and `worker results`. Redis is all they need.

mod enqueue;
mod lines;
mod printer;
mod results;
mod wait;

use hp_order::Millis;
use hp_queue::Deadline;
use jiff::Timestamp;

pub(crate) use enqueue::{Enqueue, enqueue};
pub(crate) use results::{Results, results};

/// Whether all is as it was to be.
type Done = Result<bool, Box<dyn std::error::Error>>;

/// A deadline as a person or a shop writes it.
fn deadline(text: &str) -> Result<Deadline, String> {
    let at = match text.parse() {
        Ok(at) => Some(Millis(at)),
        Err(_) => text.parse().ok().and_then(|at: Timestamp| {
            let at = u64::try_from(at.as_millisecond()).ok()?;
            Some(Millis(at))
        }),
    };
    let at = at.ok_or_else(|| {
        format!("{text:?} is no time: write Unix milliseconds, or 2026-12-31T18:00:00Z")
    })?;
    at.try_into()
        .map_err(|error: hp_queue::JobError| error.to_string())
}
