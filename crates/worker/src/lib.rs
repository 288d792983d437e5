//! The worker: buys cards from HitPoints for the orders that shops put into Redis.
//!
//! Data flows in one direction: `cli` parses a command and calls one module. The modules (`run`, `reconcile`, `operator`,
//! `inspect`, `producer`, `doctor`) use the `engine`, and the engine uses the crates `hp-queue`, `hp-order` and `hp-api`.
//! `docs/ARCHITECTURE.md` lists the modules.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod admin;
mod cli;
mod clock;
mod config;
mod doctor;
mod engine;
mod exposure;
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod inspect;
mod metrics;
mod notify;
mod obstacle;
mod operator;
mod producer;
mod random;
mod reasons;
mod reconcile;
mod run;
mod shutdown;
mod telemetry;
mod terminal;

pub use cli::main;
