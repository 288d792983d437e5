//! What every order needs, whoever claimed it: a worker, a reconciliation run or an operator.
//!
//! A [claimed](hp_queue::Claim) order goes through [`OrderProcessor`](processor::OrderProcessor), which calls
//! HitPoints, and then through [`settle`], which applies the step that follows. The lease is renewed in between
//! ([`lease`]).

mod account_control;
pub(crate) mod balance_gate;
pub(crate) mod catalogue;
pub(crate) mod claimed_order;
pub(crate) mod extra_calls;
pub(crate) mod lease;
pub(crate) mod not_found_probe;
pub(crate) mod order_spans;
mod process_name;
pub(crate) mod processor;
pub(crate) mod pulse;
pub(crate) mod queue_contact;
pub(crate) mod rescheduled;
pub(crate) mod retry;
pub(crate) mod self_pause;
pub(crate) mod settle;
pub(crate) mod settlement;
pub(crate) mod terms;
pub(crate) mod throttle;
pub(crate) mod vendor_link;
pub(crate) mod vendor_note;
