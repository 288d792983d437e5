use std::collections::{BTreeMap, HashMap};

use redis::Value;
use serde::Serialize;

use super::{Inspector, metrics::OpenOrders};
use crate::{
    error::QueueError,
    fields::FieldReader,
    notifier::{NotifierFailure, NotifierProgress},
    script::script,
};

script! {
    ReadStatus = "status.lua";
    queue: jobs, inbox, epoch, schedule, open, states, rejected, paused, breaker, throttle, holds, held, workers, runs, notifier;
    order: ;
    arguments: call_interval: u64;
}

/// The status of a queue. Times are Unix milliseconds of Redis' clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Its time.
    pub now: u64,
    /// Number of inbox entries that no worker has claimed yet.
    pub new: u64,
    /// Number of orders in the schedule, including those in review.
    pub scheduled: u64,
    /// Number of orders that have not ended.
    pub open: u64,
    /// Number of orders that wait for an operator.
    pub review: u64,
    /// Open orders by state, as the queue keeps them.
    #[serde(skip)]
    pub open_orders: OpenOrders,
    /// The open order that was admitted first, and when.
    pub oldest: Option<(String, u64)>,
    /// Number of dead letters.
    pub rejected: u64,
    /// Number of entries that have left the inbox before a worker took them: another program has trimmed or deleted them.
    pub lost: u64,
    /// Number of entries that were ever added to the inbox. `None`: Redis does not count them at the moment.
    #[serde(skip)]
    pub added: Option<u64>,
    /// When the last of them was missed.
    pub lost_at: Option<u64>,
    /// The pause: `reason`, `since`, `by`. Empty if the queue is not paused.
    pub paused: HashMap<String, String>,
    /// The fields of the breaker. It is open if `until` is among them.
    pub breaker: HashMap<String, String>,
    /// What a front end of HitPoints has asked for: `until` when no call is made, the `interval` between calls after that in
    /// microseconds, how many answers asked for it (`count`), and `since` when the last pause began. Empty if it has not asked
    /// for a day.
    pub throttle: HashMap<String, u64>,
    /// By currency, until when its balance is known to be too low. `product:2` stands for a product whose currency is
    /// unknown.
    pub holds: HashMap<String, u64>,
    /// How many orders wait for each balance.
    pub held: HashMap<String, u64>,
    /// The workers that are alive, and until when each counts as alive without another report.
    pub workers: HashMap<String, u64>,
    /// The workers that claim no orders at the moment. Other workers go on.
    pub worker_faults: BTreeMap<String, WorkerFault>,
    /// The report of the last reconciliation run.
    pub last_run: HashMap<String, String>,
    /// What became of the notifications.
    pub notifications: NotificationStatus,
}

/// What became of the notifications.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NotificationStatus {
    /// How many events the receiver has accepted.
    pub delivered: u64,
    /// How many events were given up.
    pub undelivered: u64,
    /// How the last delivery failed, if none has succeeded since.
    pub failure: Option<NotifierFailure>,
}

impl From<NotifierProgress> for NotificationStatus {
    fn from(progress: NotifierProgress) -> Self {
        Self {
            delivered: progress.delivered,
            undelivered: progress.undelivered,
            failure: progress.failure,
        }
    }
}

/// Why a worker claims no orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorkerFault {
    /// The reason, in words.
    pub reason: String,
    /// Since when, Unix milliseconds.
    pub since: u64,
}

/// Reads a flat list of name, reason and time for each worker.
fn worker_faults(values: &[String]) -> BTreeMap<String, WorkerFault> {
    let faults = values.chunks_exact(3).filter_map(|fault| {
        let since = fault[2].parse().ok()?;
        let reason = fault[1].clone();
        Some((fault[0].clone(), WorkerFault { reason, since }))
    });
    faults.collect()
}

impl Inspector {
    /// Reads the status of the queue.
    pub async fn status(&self) -> Result<Status, QueueError> {
        let call = ReadStatus { call_interval: 0 }.call(&self.handle.keys);
        let answer: Value = call.run(&mut self.handle.connection.clone()).await?;
        let answer = FieldReader::new(&answer);
        Ok(Status {
            now: answer.answer("now")?,
            new: answer.answer("new")?,
            scheduled: answer.answer("scheduled")?,
            open: answer.answer("open")?,
            review: answer.answer("review")?,
            open_orders: OpenOrders::read(&answer, "in_review").unwrap_or_default(),
            oldest: answer.map("oldest").into_iter().next(),
            rejected: answer.answer("rejected")?,
            lost: answer
                .parse("lost")
                .map_err(QueueError::Protocol)?
                .unwrap_or(0),
            added: answer.parse("added").map_err(QueueError::Protocol)?,
            lost_at: answer.parse("lost_at").map_err(QueueError::Protocol)?,
            paused: answer.map("paused"),
            breaker: answer.map("breaker"),
            throttle: answer.map("throttle"),
            holds: answer.map("holds"),
            held: answer.map("held"),
            workers: answer.map("workers"),
            worker_faults: worker_faults(&answer.texts("faults")),
            last_run: answer.map("last_run"),
            notifications: NotifierProgress::read(&answer.pairs("notifier")).into(),
        })
    }
}
