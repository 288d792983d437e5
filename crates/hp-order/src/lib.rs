//! The life of an order as pure functions, without I/O.
//!
//! Three functions decide everything. Workers, reconciliation runs, the operator's commands, the dry run, the model
//! checker and the property tests call the same three:
//!
//! 1. [`claim`](claim()) decides what a claim changes in the record: `claim(record, facts) -> record`. The claim script
//!    in Redis stores the change before the claimant can act on it. The script decides nothing itself: it applies a
//!    table that is rendered from [`claim_rule`].
//! 2. [`plan`](plan()) decides what the claimant does: `plan(record) -> task`. It submits the order, queries HitPoints
//!    for its record, or needs no call.
//! 3. [`step`](step()) decides how the order continues: `step(record, event) -> step`. Redis applies the [`Step`] as
//!    a whole if the claim is still current. Nothing else changes an order.
//!
//! The states, and every transition between them:
//!
//! ```text
//! (inbox)    -> submitting   claimed for submission; stored before the request leaves
//! (inbox)    -> uncertain    claimed, but Redis may have forgotten an earlier submission: query first
//! submitting -> completed    charged once, cards delivered
//! submitting -> failed       too old, and nothing was sent
//! submitting -> waiting      certainly not charged: try again later
//! submitting -> queued       released: nothing was ever sent
//! submitting -> rejected     the product list does not allow it, and nothing was ever sent
//! submitting -> expired      the deadline passed, and nothing was sent
//! submitting -> uncertain    no definite answer, a final refusal, or the worker died
//! submitting -> review       HitPoints answers with a record that is older than the order, or refuses this order alone
//! queued     -> submitting   claimed for submission
//! queued     -> uncertain    older than the last restart of Redis, which may have forgotten a submission
//! waiting    -> submitting   claimed for another submission, under the same id
//! waiting    -> uncertain    older than the last restart of Redis, which may have forgotten a submission
//! uncertain  -> completed    HitPoints has the record, and it matches
//! uncertain  -> uncertain    no definite answer yet: query again later
//! uncertain  -> waiting      not found, and no delayed request can arrive any more
//! uncertain  -> queued       as before, and the doubt was only that Redis might have forgotten the first submission
//! uncertain  -> failed       a final refusal, and there is no record
//! uncertain  -> review       a contradiction, an older record, queries refused for this order alone, no definite answer for
//!                            too long, too many crashes, or another account
//! review     -> completed    HitPoints has the record after all, and it matches
//! review     -> review       still needs review by an operator
//! review     -> uncertain    an operator requeues it for a fresh query
//! review     -> waiting      an operator has it submitted again: there is certainly no record
//! review     -> failed       an operator closes it: there is certainly no record, or one that does not fit
//! queued     -> queued       a reconciliation run queried it, and there is no record, as expected
//! queued     -> review       a reconciliation run found a record, though the order was never submitted
//! waiting    -> waiting      as for queued
//! waiting    -> completed    a reconciliation run found a record that matches
//! waiting    -> review       a reconciliation run found a record that does not match, or is older than the order
//! ```
//!
//! One rule carries the promise "never twice": the worker only queries an order in [`State::Uncertain`]. It submits the
//! order again only after HitPoints has denied the record, and only after [`Policy::resubmit_after`] has passed since
//! the last submission.
//!
//! One rule carries the promise "never made up": a record of HitPoints belongs to the order only if it is not older than
//! the order's first submission ([`ForeignRecord`]). HitPoints knows an id for ever, so an older record belongs to another
//! queue of the same account, or to an earlier order with this id.
//!
//! `tests/model` checks every order of events within its bounds: workers die, requests are delayed, and Redis loses
//! writes. It also lists the assumptions that the promises need.

mod balance_scope;
mod claim;
mod event;
mod foreign_record;
mod plan;
mod policy;
mod record;
mod state;
mod step;
mod terminal_outcome;
mod time;
mod word;

pub use balance_scope::BalanceScope;
pub use claim::{ClaimConditions, ClaimFacts, ClaimRule, EpochDoubt, claim, claim_rule};
pub use event::{Event, Expiry, QueryVerdict, Resolution, VendorSignal};
pub use foreign_record::ForeignRecord;
pub use plan::{Task, plan};
pub use policy::{Backoff, Policy, PolicyError};
pub use record::Record;
pub use state::{Cause, State};
pub use step::{Next, Step, other_account_evidence, step};
pub use terminal_outcome::{FailReason, Rejection, Source, Status, TerminalOutcome};
pub use time::{DecisionInputs, Millis};
pub use word::UnknownWord;
