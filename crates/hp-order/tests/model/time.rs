//! Time in ticks.

/// Ticks of a lease.
pub(crate) const LEASE: u8 = 2;
/// Ticks of `retry.resubmit_after`.
pub(crate) const RESUBMIT: u8 = 3;

/// Ticks since something happened, up to [`RESUBMIT`]: nothing depends on a higher age.
pub(crate) type Age = u8;

pub(crate) fn older(age: Age) -> Age {
    RESUBMIT.min(age + 1)
}
