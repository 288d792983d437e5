//! End-to-end tests: orders from `XADD` to the result, with a real Redis, real workers and the sandbox.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the test"
)]

mod account_switch;
mod balance_gate;
mod blocked_log;
mod bounded_scripts;
mod breaker;
mod claims;
mod clock_steps;
mod closed_orders;
mod configuration;
mod conflicts;
mod crash_limit;
mod credentials;
mod data_loss;
mod data_loss_in_flight;
mod dead_letters;
mod deadlines;
mod doctor;
mod doubt;
mod enqueue_command;
mod enqueue_progress;
mod enqueue_wait;
mod failover;
mod fencing;
mod foreign_records;
mod held_orders;
mod idle_connections;
mod interruption;
mod job_validation;
mod log_volume;
mod lost_entries;
mod lost_output;
mod odd_answers;
mod operator_commands;
mod operator_decisions;
mod operator_names;
mod order_at_fault;
mod order_files;
mod order_lists;
mod outages;
mod probe;
mod purchase;
mod queue_identity;
mod rate_limit;
mod reconcile;
mod redis_errors;
mod redis_faults;
mod refusals;
mod repeated_orders;
mod results_command;
mod rsa_keys;
mod rust_client;
mod sandbox_orders;
mod secrets_in_errors;
mod sick_workers;
mod snapshots;
mod surplus_answers;
mod throttle;
mod tls_and_proxy;
mod two_masters;
mod unsafe_redis;
mod worker_lifecycle;
