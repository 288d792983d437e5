//! Tests of the support code.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the test"
)]

mod clock;
mod fields;
mod figures;
mod proxy;
mod two_masters;
