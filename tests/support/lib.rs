//! What the end-to-end tests stand on: a private Redis, the sandbox, real worker processes.
//!
//! Nothing here sleeps to wait for something: [`Redis::until`] waits by Redis' own notifications of changes.
//!
//! `HP_TEST_REDIS=cluster` has [`Redis::start`] start a cluster of three masters, `HP_TEST_REDIS=sentinel` a master, a
//! replica and a Sentinel, so that `HP_TEST_REDIS=cluster cargo test -p e2e` runs everything there.
//! `HP_TEST_REDIS_SERVER` names another program than `redis-server`, such as `valkey-server`.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a fixture that fails has to fail the test"
)]

pub mod proxy;
mod redis;
mod worker;
mod world;

pub use redis::{Past, Redis, Server};
pub use worker::Worker;
pub use world::{Entry, World, rules};

/// Longer than anything takes on a loaded machine; reached only when a test has failed.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);
