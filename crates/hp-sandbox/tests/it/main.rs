//! Tests of the sandbox over TCP, like a client uses it.
#![allow(
    clippy::unwrap_used,
    reason = "a panic in a test helper fails the test"
)]

mod checks;
mod client;
mod conservation;
mod control;
mod duplicates;
mod faults;
mod front_end;
mod ledger_file;
mod orders;
mod products;
mod program;
mod query_faults;
mod rates;
mod raw_client;
mod rsa;
mod timing;
