//! The queue protocol on Redis.
//!
//! # What is in Redis
//!
//! Every key of a queue starts with one prefix, `{hp}` by default. The braces keep all keys in one slot of a Redis Cluster.
//!
//! | key | type | content |
//! | --- | --- | --- |
//! | `{hp}:jobs` | stream | the inbox: shops add orders |
//! | `{hp}:inbox` | hash | how many entries the inbox should have, and how many have left it before a worker took them |
//! | `{hp}:order:<id>` | hash | the ledger record of one order |
//! | `{hp}:schedule` | sorted set | when each open order is due: retry queue, lease table and crash recovery in one |
//! | `{hp}:open` | sorted set | the open orders, by the time of their admission |
//! | `{hp}:state:<state>` | set | the open orders in this state, for each open state but `submitting`: their numbers can be read at once |
//! | `{hp}:spent` | hash | what was charged, by day and currency, in minor units; of today and the day before |
//! | `{hp}:own_streams` | sorted set | the result streams of producers' own, by the time at which each expires |
//! | `{hp}:results` | stream | the results |
//! | `{hp}:replays:<id>` | list | repetitions of an ended order that wait for a copy of its result |
//! | `{hp}:rejected` | stream | dead letters: entries of the inbox that name no usable order |
//! | `{hp}:events` | stream | what an operator should know; each entry is written in the same step as the change that it reports |
//! | `{hp}:notifier` | hash | which worker sends notifications, and how far they have come |
//! | `{hp}:paused` | hash | the pause: while it exists no order is claimed |
//! | `{hp}:queue` | hash | what all processes of the queue must agree on: protocol version, account, rules |
//! | `{hp}:epoch` | hash | which life of Redis this is, and what Redis may have forgotten |
//! | `{hp}:breaker` | hash | failures of HitPoints. While `until` is set, the breaker is open: only one order at a time calls HitPoints |
//! | `{hp}:holds` | hash | by currency, until when its balance is known to be too low |
//! | `{hp}:charged` | hash | the order that was charged last: the control query for "not found" uses it |
//! | `{hp}:workers` | sorted set | the workers that are alive, by the time until which they count as alive |
//! | `{hp}:workers:<name>` | hash | why this worker claims no orders, and since when; expires with the worker |
//! | `{hp}:products` | hash | the products that shops may order, as JSON by id, and when HitPoints listed them |
//! | `{hp}:reconcile` | hash | the lease on the reconciliation run, and the last tick that is done |
//! | `{hp}:reconcile:runs` | stream | the reports of reconciliation runs |
//! | `{hp}:write_check` | string | shows that Redis accepts writes; expires after a second |
//! | `{hp}:held` | sorted set | the balances that orders wait for, by when a claim must look at them |
//! | `{hp}:held:<balance>` | sorted set | the open orders that wait for this balance, by their own time limit; they are not in `schedule` |
//! | `{hp}:throttle` | hash | what a front end of HitPoints has asked for: `until` when no call is made, and the `interval` of calls after that |
//! | `{hp}:rate:runs` | string | as `rate`, for the share of reconciliation runs |
//! | `{hp}:rate` | string | if the rate is limited: up to which time calls are used up, in microseconds |
//!
//! The life of an order: a shop adds it to `jobs`. A claim moves it from there to `order:<id>`, `schedule` and `open`, in one
//! step. Its time in `schedule` is the end of the lease, so the order of a dead worker is due without further action. The
//! worker settles the order: it waits in `schedule` for its next claim, or it ends with an entry in `results`. A claim that
//! is no longer the current one cannot settle, and neither can a claim of an earlier epoch that may miss writes.
//!
//! # Roles
//!
//! | type | for | does |
//! | --- | --- | --- |
//! | [`Queue`] | shops | enqueues orders, reads results |
//! | [`Inbox`] | workers | waits for new orders |
//! | [`Ledger`] | workers | claims orders, renews leases, settles |
//! | [`Control`] | workers and operators | pause, call permits, balance holds, product list, replays, dead letters |
//! | [`RunLease`] | the reconciler | lets one process at a time make a reconciliation run |
//! | [`Events`] | operators | reads what happened to the queue |
//! | [`NotifierLease`] | the notifier | lets one process at a time send notifications |
//! | [`Inspector`] | everybody | reads orders, status and server, and changes nothing |
//!
//! All but [`Queue`], [`Inbox`] and [`Events`] share the connection of a [`Handle`].
//!
//! Lua scripts make every change that touches more than one key. `src/scripts` has one file for each. A script decides nothing
//! about an order: claims apply the rules of [`hp_order::claim_rule`], and `settle` applies an [`hp_order::Step`].
//!
//! A shop in Rust:
//!
//! ```no_run
//! use hp_queue::{Job, Prefix, Queue, Wait};
//!
//! # async fn shop() -> Result<(), Box<dyn std::error::Error>> {
//! let queue = Queue::connect("redis://127.0.0.1:6379", Prefix::default()).await?;
//! queue.enqueue(&Job::new("A-1001".parse()?, "2".parse()?, "3".parse()?)).await?;
//!
//! let mut results = queue.results(None, "shop", "till-1").await?;
//! for delivery in results.next(10, Wait::ForOne).await? {
//!     let result = delivery.result?;
//!     if result.ends_order() {
//!         println!("{} {}", result.order_id, result.status.as_str());
//!     }
//!     results.acknowledge(&delivery.entry_id).await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Redis addresses
//!
//! [`connect`] accepts these addresses, with `rediss` in place of `redis` for TLS:
//!
//! | address | means |
//! | --- | --- |
//! | `redis://[user:password@]host[:port][/database]` | one server |
//! | `redis+cluster://[user:password@]host[:port],...` | a cluster, by some of its nodes |
//! | `redis+sentinel://[user:password@]host[:port],.../master[/database]` | the master that Sentinel knows by this name, by some of the Sentinels |
//!
//! User and password are those of Redis, percent-encoded. Those of Sentinel are `?sentinel_username=` and
//! `?sentinel_password=`. If a connection breaks, does not answer or leads to a replica, the client
//! queries Sentinel or the cluster again and opens a new connection. So a failover needs no operator.
//!
//! [`ConnectOptions`] adds what an address should not contain: authorities to trust, a client certificate, users and
//! passwords. Its user and password belong to Redis, and replace those of the address; the ones of Sentinel have their own.
//!
//! # Errors
//!
//! Every call returns a [`QueueError`] if Redis cannot be reached or refuses. A call adds to that only where it says so.
#![allow(
    clippy::missing_errors_doc,
    reason = "all calls fail alike: see Errors above"
)]

mod agreement;
mod connect;
mod control;
mod error;
mod events;
mod fields;
#[doc(hidden)]
pub mod fuzzing;
mod handle;
mod history;
mod inbox;
mod inspector;
mod keys;
mod ledger;
mod notifier;
mod observer;
mod protocol;
mod queue;
mod record;
mod rules;
mod run_lease;
mod script;
#[cfg(test)]
mod script_tests;
mod seal;

pub use agreement::{
    Account, AccountSwitch, Agreement, Join, OrderInDoubt, QueueTerms, RuleChange,
};
pub use connect::{
    client::{Client, connect},
    options::ConnectOptions,
    redact::without_password,
};
pub use control::{Control, permits::CallPermits, products::PublishedProduct};
pub use error::QueueError;
pub use events::{Events, QueueEvent};
pub use handle::Handle;
pub use history::{History, HistoryEntry};
pub use inbox::Inbox;
pub use inspector::{
    Inspector,
    dead_letters::DeadLetter,
    metrics::{InboxMetrics, NotificationMetrics, OpenOrders, QueueMetrics, ScheduleMetrics},
    scan::OpenOrderScan,
    server_info::ServerInfo,
    snapshot::{Charge, OrderSnapshot},
    status::{NotificationStatus, Status, WorkerFault},
};
pub use keys::{Prefix, PrefixError};
pub use ledger::{
    Ledger,
    claim::{Claim, ClaimBatch, ClaimSkip, FirstSource, Repair, Replay},
    look::Waiting,
    preview::ClaimPreview,
    settle::Settled,
};
pub use notifier::{
    Acquired, EventPage, NotifierFailure, NotifierLease, NotifierProgress, NumberedEvent, Takeover,
};
pub use observer::Observer;
pub use protocol::PROTOCOL;
pub use queue::{
    Queue,
    delivery::{Delivery, Wait},
    entry_reason::{DeadLetterReason, EntryReason},
    job::{Deadline, Job, JobError, Meta, ResultStream, Traceparent},
    result::{Card, OrderResult, Pins, Purchase, ResultError},
    results::Results,
    watch::{Watch, WatchFrom},
};
pub use rules::{LONGEST_LEASE, RateShare, Retention, Rules};
pub use run_lease::{LeaseState, RunLease, store_run_report};
pub use seal::{
    KeyError, KeyName, KeyNameError, OpenError, PrivateKey, PublicKey, Recipients, SealedPins,
};
