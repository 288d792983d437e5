//! Orders from `XADD` to the result, over a real Redis, real workers and the sandbox.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the test"
)]

mod breaker;
mod by_hand;
mod configuration;
mod decide;
mod doctor;
mod doubt;
mod elsewhere;
mod fencing;
mod forgetful_redis;
mod holds;
mod in_hand;
mod job_rules;
mod main_job;
mod odd_redis;
mod operator;
mod poison;
mod probe;
mod rate;
mod reconcile;
mod repetition;
mod rust_shop;
mod shop_by_hand;
mod shop_results;
mod trouble;
mod worker_life;
