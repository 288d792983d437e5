use std::time::Duration;

/// How long Redis may take to answer. The library's half a second is shorter than an fsync on a busy disk.
pub(super) const RESPONSE: Duration = Duration::from_secs(5);

/// How long connecting may take.
pub(super) const CONNECT: Duration = Duration::from_secs(5);

/// Whether a command that Redis may have done is sent again when the connection breaks.
#[derive(Clone, Copy)]
pub(super) enum Repeat {
    Yes,
    No,
}
