//! Time in ticks.

/// Ticks of a lease.
pub(crate) const LEASE: u8 = 2;
/// Ticks of `retry.resubmit_after`.
pub(crate) const RESUBMIT: u8 = 3;

/// The last tick in which a master accepts writes after a replica was promoted in its place: `min-replicas-max-lag`.
pub(crate) const OLD_MASTER: u8 = 1;

/// Ticks since something happened, up to [`RESUBMIT`]: nothing depends on a higher age.
pub(crate) type Age = u8;

pub(crate) fn older(age: Age) -> Age {
    RESUBMIT.min(age + 1)
}

/// The same for an age that matters up to `limit`.
pub(crate) fn older_until(age: Age, limit: Age) -> Age {
    limit.min(age + 1)
}
