//! A model of the order's life.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot build its case has failed"
)]

mod act;
mod action;
mod broken;
mod check;
mod kept;
mod order;
mod promises;
mod reached;
mod real;
mod redis;
mod rules;
mod tidy;
mod work;
mod world;
