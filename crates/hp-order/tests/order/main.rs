//! The life of an order: each transition by name, and what must hold for all of them.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot build its case has failed"
)]

mod backoff;
mod claim;
mod claim_promises;
mod ended;
mod epoch;
mod foreign_record;
mod operator;
mod other_account;
mod promises;
mod queried;
mod sample;
mod state_diagram;
mod submitted;
mod vendor_signal;
mod worker;
