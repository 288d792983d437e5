//! A model of the order's life, and a checker that looks at everything that can happen in it.
//!
//! # What is modelled
//!
//! One order; a shop that puts it in, and again at any time; up to three workers; Redis; HitPoints; and the network
//! between them. In every world the checker tries every [`Action`](action::Action) that is possible there, so it sees
//! all orders of events within the bounds, the unlikely ones too:
//!
//! - A worker claims, sends, asks, settles, is killed or stands still between any two of these. One that stood still
//!   past its lease goes on with the copy that it has.
//! - A request is delayed, overtaken, lost, or arrives after its worker has died or given up; so is its answer. The
//!   answer of a settling is lost, and it is repeated.
//! - HitPoints charges or refuses, and rejects a known id, answers it with the order that it has, or charges again. It
//!   may show its record late. A query is answered truly, with a "no" that means nothing, or not at all.
//! - Redis falls back to any earlier state, a script being saved as a whole or not at all, and is another one from then
//!   on: it has forgotten claims, and gives their numbers out again.
//! - A reconciliation run asks about any open order that nobody is at; a person decides about one in review.
//!
//! What a worker does with the order and what becomes of it is decided by the real [`hp_order::plan`],
//! [`hp_order::step`] and [`hp_order::QueryVerdict::of`] (`real.rs`). What the scripts `take` and `settle` do is written down
//! again in Rust (`redis.rs`, `order.rs`, `epoch.rs`), one function for each rule, and has to be changed with them.
//!
//! Time goes in ticks: a lease is two, `retry.resubmit_after` three. Pauses between tries are left out, because they
//! are a matter of pace: an order that is put back may come due at once, or much later.
//!
//! # What is not
//!
//! More orders than one, so neither breaker, holds nor rate; the pause of the queue; renewals of a lease (without them
//! others take over more freely, not less); conflicting, unusable or trimmed entries; deadlines (they go the way of
//! `retry.give_up_after`); panics (they go the way of a lost answer); an answer of HitPoints that contradicts its record.
//!
//! # What is assumed
//!
//! Each of these is an [`Assumption`](rules::Assumption) that can be given up, and `broken.rs` shows what then happens;
//! the second is the fault [`SendsAfterItsLease`](rules::Fault::SendsAfterItsLease).
//!
//! 1. A request arrives, and what came of it is on record, within `retry.resubmit_after` of the *claim* that it was
//!    sent for, or never. So `resubmit_after` has to cover the lease, within which it leaves, besides its way.
//! 2. A worker sends nothing after its lease has ended.
//! 3. A living worker shows what it knows before a lease has passed since Redis fell back. (It does so every two seconds, and
//!    is given 15 s where the lease is shorter.)
//! 4. Where nobody can tell that a claim was forgotten, since its worker died before it could, its request arrives
//!    within as much of the fall-back, or never.
//! 5. A shop that repeats an order of which Redis has forgotten everything does so within `resubmit_after` of the first
//!    take after the fall-back, or never. Later, it is a new order.
//! 6. The very first take of a queue is not forgotten: before it there is nothing to tell a restart by.
//!
//! With a vendor that rejects known ids, no order is charged twice even if all but the second are wrong; but what
//! arrives too late can then still charge an order that was closed as refused or given up.
//!
//! # What is checked
//!
//! In every world ([`Promise`](promises::Promise)): no more than one charge; no more than one first result in the
//! stream; a `completed` result only with a charge; any other only without, and without one later; what has ended stays
//! so. And nothing is lost: from every world, if nothing fails from there on, the order comes to exactly one result or
//! to review, unless Redis has forgotten all of it. What is said of results is said of those in the stream: what a
//! fall-back has erased may have been read, and be told differently the second time.
//!
//! # Bounds
//!
//! [`Bounds`](rules::Bounds) limits the mishaps of one life; `kept.rs` says how far each test goes, and prints how many
//! worlds that were. Within them nothing is left out: worlds are only taken for the same where nothing can tell them
//! apart (`tidy.rs`). Wider bounds are tried by `cargo test -p hp-order --test model -- --ignored`.
//!
//! # How to read a counterexample
//!
//! It is the shortest there is: one action a line, and after it the ledger record, the number of charges and of
//! requests on their way. Numbers of claims go on counting through a fall-back only as far as Redis remembers them.
//! Find the line after which the ledger says something that is not so; the rule that should have prevented it is the
//! one to mend.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot build its case has failed"
)]

mod act;
mod action;
mod broken;
mod check;
mod claim;
mod epoch;
mod kept;
mod order;
mod promises;
mod reached;
mod real;
mod redis;
mod rules;
mod tidy;
mod vendor;
mod words;
mod work;
mod world;
