//! A model of the life of an order, and a checker that visits everything that can happen in it.
//!
//! # What is modelled
//!
//! One order; a shop that enqueues it, and may enqueue it again at any time; up to three workers; Redis; HitPoints; and
//! the network between them. In every world the checker tries every possible [`Action`](action::Action). So it sees all
//! orders of events within the bounds, including the unlikely ones:
//!
//! - A worker claims, sends, queries and settles. It may be killed or stall between any two of these actions. A worker
//!   that stalled past its lease continues with its own copy of the record.
//! - A request is delayed, overtaken or lost, or arrives after its worker died or gave up. The same goes for its
//!   answer. The reply to a settle call is lost, and the worker settles again.
//! - HitPoints charges or refuses. It rejects a known id, answers it with the existing order, or charges again. It may
//!   show its record late. It answers a query with the truth, with a denial that proves nothing, or not at all.
//! - A front end of HitPoints refuses the calls about this order as if the account were blocked. The call has been executed
//!   or not.
//! - A worker gets a refusal that belongs to another request, while HitPoints charges its submission.
//! - Redis rolls back to any earlier state. A script is saved as a whole or not at all. After a rollback Redis has
//!   forgotten claims, and gives out their numbers again.
//! - A replica is promoted while the old master lives on. Workers stay on the old master for a while, and both masters
//!   give out the order.
//! - The clock of Redis steps ahead: all leases end and everything is due. Or it steps back: leases and due times lie far
//!   in the future.
//! - The ledger forgets the ended order, and the shop uses its id again.
//! - The shop repeats the order before and after its end.
//! - The queue gets another account, on which HitPoints does not know the order.
//! - A reconciliation run queries any open order that is unclaimed. An operator decides about an order in review.
//!
//! The model calls the real [`hp_order::claim`], [`hp_order::plan`], [`hp_order::step`] and
//! [`hp_order::QueryVerdict::of`] (`order.rs`, `adapter.rs`). The rest of the claim and settle scripts is written
//! again in Rust (`redis.rs`, `order.rs`, `epoch.rs`), one function for each rule. Change it together with the scripts.
//!
//! Time passes in ticks: a lease is two ticks, `retry.resubmit_after` is three, and an old master accepts writes for one.
//! Delays between attempts are left out: a released order may be due at once, or much later.
//!
//! Ticks are steady time. Redis keeps it from the monotonic clocks of the workers, and all waits that protect money are
//! measured by it. Only leases and due times follow the clock of Redis. After a time without calls steady time may stand
//! still for a while. That makes a wait longer, so it is left out. While no worker lives it follows the clock: that the
//! clock does not step then is assumed, and not modelled.
//!
//! Rare events have settings of their own ([`Bounds`](setting::Bounds), [`Setting`](setting::Setting)), because all of them
//! together would be too many worlds.
//!
//! # What is not modelled
//!
//! - More than one order. So there is no breaker, no balance hold and no rate.
//! - The pause of the queue, except that this one order must not cause it.
//! - Lease renewals. Without them other workers take over more often, not less.
//! - Conflicting, unusable or trimmed entries.
//! - An operator who closes an order whose record HitPoints refuses to give: nothing shows whether it was charged.
//! - An operator who asserts that an older record belongs to the order, or who ends an order of another account.
//! - A record of the order itself that does not fit. An operator closes an order only against an older record.
//! - A shop that enqueues on the old master. Its entry is lost, as after a rollback.
//! - Deadlines. They act like `retry.give_up_after`.
//! - Panics. They act like a lost answer.
//! - An answer from HitPoints that contradicts its record.
//!
//! # What is assumed
//!
//! Each item except the second and the last is an [`Assumption`](setting::Assumption) that can be dropped, and
//! `mutants.rs` shows what happens then. The second is the fault [`SendsAfterLease`](setting::Fault::SendsAfterLease).
//!
//! 1. A request arrives, and its effect is on record, within `retry.resubmit_after` of the *claim* that it was sent
//!    for, or never. So `resubmit_after` must cover the lease, within which the request leaves, and the transit.
//! 2. A worker sends nothing after its lease has ended.
//! 3. A living worker shows what it knows within a lease of a rollback. (It does so every two seconds. If the lease is
//!    shorter than 15 s, the worker has 15 s.) After a promotion it does so within a lease of the old master's last write.
//! 4. If a worker dies before it can show that its claim was forgotten, its request arrives within a lease of the
//!    rollback, or never. After a promotion: within a lease of the old master's last write.
//! 5. A shop that repeats a completely forgotten order does so before the window in which every entry is in doubt is over,
//!    or never. The window is `resubmit_after` from the first claim call after the rollback, and longer after a promotion.
//!    A later repetition is a new order.
//! 6. Redis does not forget the very first claim call of a queue. Before it, nothing shows that Redis was restarted.
//! 7. An old master accepts no more writes after `min-replicas-max-lag`. Each wait after a promotion is longer by this time,
//!    also the one after a proof of loss.
//! 8. A refusal that is not ours comes after HitPoints has processed the submission, and queries show a charge at once.
//! 9. A refusal that is not final is ours. The order is sent again without a query.
//! 10. The ledger forgets an order only when nothing of it is on its way any more.
//!
//! Two rules rest on the vendor. If it charges known ids again, an id that the shop uses again after `ledger.retention` is a
//! new order and a new charge. Otherwise such an order goes to review.
//!
//! If the vendor rejects known ids, no order is charged twice even if all assumptions but the second are wrong. But
//! then a late request can still charge an order that was closed as refused or given up.
//!
//! # What is checked
//!
//! In every world ([`Promise`](promises::Promise)):
//!
//! - There is at most one charge in one life of the id, and at most one first result in the stream.
//! - A `completed` result exists only with a charge of this life. Any other result exists only without one, then and later.
//! - An ended order stays ended.
//! - Copies of the result answer only repetitions that were enqueued after the end, and all of them.
//! - HitPoints' record of the order is not taken for that of another order.
//! - The order does not pause the queue as long as the account works.
//! - The order is not lost. If nothing fails from here on, it comes to exactly one result or to review, unless Redis
//!   has forgotten all of it.
//!
//! "Result" means a result in the stream. A consumer may have read a result that a rollback erased, and the second one
//! may differ.
//!
//! # Bounds
//!
//! [`Bounds`](setting::Bounds) limits the failures in one life. Each test in `invariants.rs` states its bounds and
//! prints the number of worlds. Within the bounds nothing is left out: `canonicalize.rs` merges worlds only if nothing
//! can tell them apart. For wider bounds run `cargo test -p hp-order --release --test model -- --ignored`.
//!
//! # How to read a counterexample
//!
//! The trace is the shortest one. Each line shows one action, and after it the ledger record, the charges and the
//! requests on their way. Claim numbers continue through a rollback only as far as Redis remembers them. Find the first
//! line after which the ledger is wrong, and fix the rule that should have prevented it.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot build its case has failed"
)]

mod action;
mod adapter;
mod apply;
mod bounds;
mod budget;
mod canonicalize;
mod checker;
mod claim;
mod coverage;
mod epoch;
mod invariants;
mod labels;
mod mutants;
mod order;
mod promises;
mod rare;
mod redis;
mod setting;
mod time;
mod trace;
mod two_masters;
mod vendor;
mod worker;
mod world;
