//! The queue protocol on Redis.
//!
//! For a shop in Rust, [`Queue`] puts in orders and reads results:
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
//!     println!("{} {}", result.order_id, result.status.as_str());
//!     results.acknowledge(&delivery.entry_id).await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! For the worker, [`Ledger`] takes and settles orders, and [`Inbox`] waits for them.
//!
//! # Where Redis is
//!
//! [`connect`] takes any of these, with `rediss` in place of `redis` for TLS:
//!
//! | address | |
//! | --- | --- |
//! | `redis://[user:password@]host[:port][/database]` | one server |
//! | `redis+cluster://[user:password@]host[:port],...` | a cluster, by some of its nodes |
//! | `redis+sentinel://[user:password@]host[:port],.../master[/database]` | the master that Sentinel knows by this name, by some of the Sentinels |
//!
//! User and password are Redis' own, percent-encoded; Sentinel's are `?sentinel_username=` and
//! `?sentinel_password=`. A connection that breaks, falls silent or turns out to lead to a replica is made anew, and
//! Sentinel or the cluster asked again, so a failover needs nobody's help.
//!
//! # What is in Redis
//!
//! Under one prefix, `{hp}` by default, which keeps all keys in one cluster slot:
//!
//! | key | type | |
//! | --- | --- | --- |
//! | `{hp}:jobs` | stream | the inbox |
//! | `{hp}:order:<id>` | hash | the ledger record of an order |
//! | `{hp}:again:<id>` | list | repetitions of an ended order that wait for its result to be told again |
//! | `{hp}:schedule` | zset | when each open order is next to be looked at: retry queue, lease table and crash recovery in one |
//! | `{hp}:open` | zset | the open orders by age |
//! | `{hp}:results` | stream | results |
//! | `{hp}:rejected` | stream | entries that name no usable order |
//! | `{hp}:paused` | hash | while it exists no order is taken |
//! | `{hp}:epoch` | hash | which life of Redis this is, and what it may have forgotten |
//! | `{hp}:breaker` | hash | calls without an answer; while `until` is set, single orders try whether HitPoints is back |
//! | `{hp}:holds` | hash | by currency, until when its balance is known to be too low |
//! | `{hp}:charged` | hash | the order that was charged last: what HitPoints is asked for when it denies another |
//! | `{hp}:workers` | zset | the workers that are alive, by when they cease to count as such |
//! | `{hp}:reconcile` | hash | who makes the reconciliation run, and which tick is done |
//! | `{hp}:reconcile:runs` | stream | a report of each run |
//! | `{hp}:rate` | string | where the rate is limited: up to when calls are given out, in microseconds |
//!
//! Two scripts move orders: `take` claims them and puts the end of the lease into the schedule, so that the orders
//! of a dead worker come due by themselves; `settle` applies an [`hp_order::Step`] if the claim is still the
//! current one, and writes the result in the same stroke. An order whose record is gone meanwhile is put back by
//! `restore`. Their files say what they expect and answer.

mod claim;
mod codec;
mod connect;
mod control;
mod deliver;
mod error;
mod handle;
mod history;
mod inbox;
mod inspector;
mod job;
mod keys;
mod last_charged;
mod ledger;
mod queue;
mod result;
mod results;
mod rules;
mod run_lease;
mod scan;
mod script;
mod server_info;
mod snapshot;
mod status;
mod watch;
mod watermark;

pub use claim::{Claim, ClaimBatch, ClaimSkip, FirstSource, Repair};
pub use connect::{Client, connect, without_password};
pub use control::{CallPermits, Control};
pub use deliver::{Delivery, Wait};
pub use error::QueueError;
pub use handle::Handle;
pub use history::{History, HistoryEntry};
pub use inbox::Inbox;
pub use inspector::Inspector;
pub use job::{Deadline, Job, JobError, Meta, ResultStream, Traceparent};
pub use keys::{Prefix, PrefixError};
pub use ledger::{Ledger, Settled};
pub use queue::Queue;
pub use result::{Card, OrderResult, Purchase, ResultError};
pub use results::Results;
pub use rules::{Retention, Rules};
pub use run_lease::{LeaseState, RunLease, store_run_report};
pub use scan::OpenOrderScan;
pub use server_info::ServerInfo;
pub use snapshot::{Charge, OrderSnapshot};
pub use status::{DeadLetter, Status};
pub use watch::{Watch, WatchFrom};
