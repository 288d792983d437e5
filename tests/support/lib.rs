//! Support code of the tests: a private Redis, the sandbox and real worker processes.
//!
//! No function here sleeps to wait for an event: [`Redis::wait_until`] waits for Redis' notifications of changes.
//!
//! `HP_TEST_REDIS` selects the topology that [`Redis::start`] starts: `single` (the default), `cluster` (three masters),
//! `sentinel` (a master, a replica and a Sentinel) or `users` (one server with the users of `deploy/redis/users.acl`). `HP_TEST_REDIS_SERVER` names another program than
//! `redis-server`, such as `valkey-server`. `HP_TEST_WORKER` names a worker binary; without it the tests build one.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a fixture that fails has to fail the test"
)]

mod collector;
mod fields;
pub mod figures;
mod front_end;
mod help;
pub mod proxy;
mod receiver;
mod redis;
mod route;
mod terminal;
pub mod tls;
mod worker;
mod world;

pub use collector::{Collecting, Collector, ExportedSpan};
pub use fields::{Fields, assert_fields};
pub use front_end::{FrontEnd, Reply};
pub use help::commands;
pub use receiver::{Notification, Receiver, Reception};
pub use redis::{
    Protection, Redis, Server, ServerClock,
    protection::{certificate_file, password_of, secret_file, users},
    snapshot::Snapshot,
};
pub use route::Route;
pub use terminal::Terminal;
pub use worker::Worker;
pub use world::{ENQUEUE, Entry, World, rules};

/// Limit of every wait: longer than any step takes on a loaded machine. Only a failing test reaches it.
pub const TIMEOUT: std::time::Duration = std::time::Duration::from_mins(1);

/// The folder of the programs that Cargo builds together with the running one.
fn build_folder() -> std::path::PathBuf {
    let executable = std::env::current_exe().unwrap();
    let folder = executable.parent().unwrap();
    // Tests and benches are in `deps`, programs in the folder above.
    let folder = if folder.ends_with("deps") {
        folder.parent().unwrap()
    } else {
        folder
    };
    folder.into()
}
