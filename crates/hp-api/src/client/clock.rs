use std::time::SystemTime;

#[expect(
    clippy::disallowed_methods,
    reason = "the edge of the crate: requests carry the time"
)]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}
