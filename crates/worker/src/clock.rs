use std::time::{SystemTime, UNIX_EPOCH};

use hp_order::Millis;

/// This machine's time, which may differ from Redis'.
pub(crate) fn unix() -> Millis {
    Millis(0).plus(now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// The edge where the wall clock is read.
#[expect(
    clippy::disallowed_methods,
    reason = "time is passed in everywhere else"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
