//! Searches everything that the program produces for card keys and secrets: output, logs, metrics, files, arguments, Redis and
//! memory.
//!
//! All secrets are random, so whatever the search finds is one. It looks for any eight consecutive characters, in clear text
//! and in the usual encodings. `/proc/PID/environ` is not searched: an operator who hands over a secret in an environment
//! variable puts it there.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the test"
)]
#![allow(
    clippy::disallowed_methods,
    clippy::format_collect,
    reason = "secrets are random, answers have the time of the machine, and texts are short"
)]

mod commands;
mod evidence;
mod hostile_vendor;
mod idle_memory;
mod memory;
mod process;
mod redis_content;
mod scene;
mod search;
mod settings;
mod types;
mod variants;
mod worker;
