//! The life of an order, with no I/O in it.
//!
//! ```text
//! (inbox)    -> submitting   taken to be sent; stored so before anything is sent
//! (inbox)    -> uncertain    taken, and Redis may have forgotten that it was sent before: asked about first
//! submitting -> completed    charged once, cards delivered
//! submitting -> failed       a final refusal of the first submission; or too old, and nothing was sent
//! submitting -> waiting      certainly not charged: try later
//! submitting -> queued       given back: nothing was ever sent
//! submitting -> rejected     the product list says no, and nothing was ever sent
//! submitting -> expired      the deadline passed, and nothing was sent
//! submitting -> uncertain    no definite answer, or the worker died
//! queued     -> submitting   taken
//! queued     -> uncertain    older than the last start of Redis, which may have forgotten that it was sent
//! waiting    -> submitting   taken again, under the same id
//! waiting    -> uncertain    older than the last start of Redis, which may have forgotten that it was sent
//! uncertain  -> completed    the record is there and fits
//! uncertain  -> uncertain    no definite answer yet: ask again later
//! uncertain  -> waiting      not found, and long enough ago
//! uncertain  -> queued       the same, and Redis only might have forgotten a first submission
//! uncertain  -> failed       a refusal that was in doubt, and there is no record
//! uncertain  -> review       contradiction, no definite answer for too long, or its workers die again and again
//! review     -> completed    the record is there and fits after all
//! review     -> review       a person is needed
//! review     -> uncertain    a person has it asked about anew
//! review     -> waiting      a person has it submitted again: there is certainly no record
//! review     -> failed       a person gives it up: there is certainly no record
//! queued     -> queued       a reconciliation run asked, and there is no record, as it must be
//! queued     -> completed    it asked, and there is a record after all
//! queued     -> review       it asked, and there is a record that does not fit
//! waiting    -> waiting      as for queued
//! waiting    -> completed    as for queued
//! waiting    -> review       as for queued
//! ```
//!
//! Whoever claims an order asks [`plan`] what to do with it, does it, and tells [`step`] what came of it.
//! The [`Step`] that comes back is applied to the ledger in one piece; nothing else changes an order.
//!
//! What carries the promise "never twice": an order in [`State::Uncertain`] is only ever asked about. It is
//! submitted again after HitPoints has denied any knowledge of it, and not before
//! [`Policy::resubmit_after`] has passed since the last submission left.
//!
//! `tests/model` goes through all that can happen to an order, with workers that die, requests that are late and a
//! Redis that forgets, and says what has to be assumed for the promises to hold.

mod claim;
mod ending;
mod event;
mod plan;
mod policy;
mod record;
mod step;
mod time;

pub use claim::{ClaimConditions, ClaimFacts, ClaimRule, EpochDoubt, claim, claim_rule};
pub use ending::{FailReason, Rejection, Source, Status, TerminalOutcome};
pub use event::{Event, Expiry, QueryVerdict, Resolution, VendorSignal};
pub use plan::{Task, plan};
pub use policy::{Backoff, Policy, PolicyError};
pub use record::{Cause, Record, State, UnknownWord};
pub use step::{Next, Step, step};
pub use time::{DecisionInputs, Millis};
