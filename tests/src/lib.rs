//! What the end-to-end tests stand on: a private Redis, the sandbox, real worker processes.
//!
//! Nothing here sleeps to wait for something: [`Redis::until`] waits by Redis' own notifications of changes. Only
//! [`chaos`] keeps a timetable.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a fixture that fails has to fail the test"
)]

pub mod chaos;
pub mod proxy;
mod redis_server;
mod worker;
mod world;

pub use redis_server::{Past, Redis};
pub use worker::Worker;
pub use world::{Entry, World, rules};

/// Longer than anything takes on a loaded machine; reached only when a test has failed.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);
