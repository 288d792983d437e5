use std::time::SystemTime;

/// Reads the system clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge of the crate: the client reads the clock here and passes the time on"
)]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}
