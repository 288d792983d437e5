//! End-to-end tests: orders from `XADD` to the result, with a real Redis, real workers and the sandbox.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the test"
)]

mod account_switch;
mod balance_gate;
mod bounded_scripts;
mod breaker;
mod claims;
mod clock_steps;
mod configuration;
mod conflicts;
mod crash_limit;
mod data_loss;
mod data_loss_in_flight;
mod deadlines;
mod doctor;
mod doubt;
mod enqueue_command;
mod enqueue_wait;
mod failover;
mod fencing;
mod foreign_records;
mod held_orders;
mod job_validation;
mod odd_answers;
mod operator_commands;
mod operator_decisions;
mod order_files;
mod outages;
mod probe;
mod purchase;
mod queue_identity;
mod rate_limit;
mod reconcile;
mod redis_faults;
mod refusals;
mod repeated_orders;
mod results_command;
mod rust_client;
mod snapshots;
mod surplus_answers;
mod throttle;
mod two_masters;
mod unsafe_redis;
mod worker_lifecycle;
