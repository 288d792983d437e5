use std::time::SystemTime;

/// The edge where the wall clock is read.
#[expect(
    clippy::disallowed_methods,
    reason = "time is passed in everywhere else"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
