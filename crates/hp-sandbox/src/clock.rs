//! Reads the clock. All other code receives the time as an argument.

use std::time::SystemTime;

#[expect(
    clippy::disallowed_methods,
    reason = "this is the only place that reads the clock"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
