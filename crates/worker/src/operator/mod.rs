//! What operators do with single orders and with the queue.
//!
//! A decision about an order goes the way of all orders: claim, query, settle. HitPoints' record has the last word.

pub(crate) mod dead_letters;
mod decision;
pub(crate) mod queue;
pub(crate) mod republish;
pub(crate) mod resolve;
pub(crate) mod retry;

pub(crate) use decision::Attribution;
