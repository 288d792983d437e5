//! The order's life: each transition by name, and what must hold for all of them.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot build its case has failed"
)]

mod claim;
mod delays;
mod drawing;
mod in_doubt;
mod life;
mod persons;
mod promises;
mod sample;
