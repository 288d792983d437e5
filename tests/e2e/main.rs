//! End-to-end tests: orders from `XADD` to the result, with a real Redis, real workers and the sandbox.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the test"
)]

mod balance_gate;
mod breaker;
mod claims;
mod clock_steps;
mod configuration;
mod crash_limit;
mod data_loss;
mod data_loss_in_flight;
mod doctor;
mod doubt;
mod enqueue_command;
mod failover;
mod fencing;
mod job_validation;
mod operator_commands;
mod operator_decisions;
mod outages;
mod probe;
mod purchase;
mod rate_limit;
mod reconcile;
mod redis_faults;
mod repeated_orders;
mod results_command;
mod rust_client;
mod snapshots;
mod two_masters;
mod worker_lifecycle;
