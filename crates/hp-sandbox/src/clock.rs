//! The one place that reads the clock; everything else is told the time.

use std::time::{SystemTime, UNIX_EPOCH};

#[expect(
    clippy::disallowed_methods,
    reason = "this is the edge at which time is read and passed on"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

pub(crate) fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
