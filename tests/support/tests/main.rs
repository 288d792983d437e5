//! Tests of the support code.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the test"
)]

mod fields;
mod proxy;
