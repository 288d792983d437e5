//! The sandbox from outside: over TCP, as a shop's program meets it.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test that calls them"
)]

mod caller;
mod checks;
mod client;
mod conservation;
mod control;
mod duplicates;
mod faults;
mod orders;
mod products;
mod program;
mod query_faults;
mod rates;
mod rsa;
mod timing;
