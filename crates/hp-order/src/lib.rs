//! The life of an order, with no I/O in it.
//!
//! ```text
//! (inbox)    -> submitting   taken to be sent; stored so before anything is sent
//! submitting -> completed    charged once, cards delivered
//! submitting -> failed       a final refusal of the first submission; or too old, and nothing was sent
//! submitting -> waiting      certainly not charged: try later
//! submitting -> queued       given back: nothing was ever sent
//! submitting -> rejected     the product list says no, and nothing was ever sent
//! submitting -> expired      the deadline passed, and nothing was sent
//! submitting -> uncertain    no definite answer, or the worker died
//! queued     -> submitting   taken
//! waiting    -> submitting   taken again, under the same id
//! uncertain  -> completed    the record is there and fits
//! uncertain  -> uncertain    no definite answer yet: ask again later
//! uncertain  -> waiting      not found, and long enough ago
//! uncertain  -> failed       a refusal that was in doubt, and there is no record
//! uncertain  -> review       contradiction, or no definite answer for too long
//! review     -> completed    the record is there and fits after all
//! review     -> review       a person is needed
//! ```
//!
//! Whoever claims an order asks [`plan`] what to do with it, does it, and tells [`step`] what came of it.
//! The [`Step`] that comes back is applied to the ledger in one piece; nothing else changes an order.
//!
//! What carries the promise "never twice": an order in [`State::Uncertain`] is only ever asked about. It is
//! submitted again after HitPoints has denied any knowledge of it, and not before
//! [`Policy::resubmit_after`] has passed since the last submission left.

mod ending;
mod event;
mod plan;
mod policy;
mod record;
mod step;
mod time;

pub use ending::{Ending, FailReason, Rejection, Source, Status};
pub use event::{Event, Finding, Overdue};
pub use plan::{Task, plan};
pub use policy::{Backoff, Policy, PolicyError};
pub use record::{Cause, Record, State, UnknownWord};
pub use step::{Next, Step, step};
pub use time::{Millis, Moment};
