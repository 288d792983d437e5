use std::time::SystemTime;

/// The wall clock of this machine. The only place that reads it.
#[expect(
    clippy::disallowed_methods,
    reason = "time is passed in everywhere else"
)]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
