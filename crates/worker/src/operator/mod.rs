//! What operators do with single orders and with the queue.
//!
//! A decision about an order takes the same path as a worker: claim, query, settle. HitPoints' record overrides the
//! operator.

pub(crate) mod account;
pub(crate) mod dead_letters;
mod decision;
mod interruption;
pub(crate) mod queue;
pub(crate) mod republish;
pub(crate) mod resolve;
pub(crate) mod retry;

pub(crate) use decision::Attribution;
