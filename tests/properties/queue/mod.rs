//! The queue of one case: Redis and the reference beside it.

mod backup;
mod balance_hold;
mod breaker;
pub(crate) mod claim;
mod contents;
mod enqueue;
mod invariants;
mod metrics;
mod read_view;
mod restart;
mod settle;
mod settle_group;
mod worker;

use std::time::Duration;

use hp_queue::{Client, Control, Rules};
use proptest::{prop_assert_eq, test_runner::TestCaseError};
use redis::{FromRedisValue, aio::MultiplexedConnection};

use crate::{
    operation::{ORDERS, Operation, id_of},
    reference::state::{Rate, Reference},
    sample::settings,
};

use backup::Backup;
use settle::SettledClaim;
use worker::{HeldClaim, Worker};

type Verdict = Result<(), TestCaseError>;

const LONG: Duration = Duration::from_hours(1);

pub(crate) struct Queue {
    connection: MultiplexedConnection,
    prefix: String,
    client: Client,
    rules: Rules,
    workers: Vec<Worker>,
    reference: Reference,
    /// Counts the lives of the server.
    server: u32,
    /// Counts all calls that may claim.
    claims: u64,
    /// Claims that were not settled, including stale ones.
    held: Vec<HeldClaim>,
    settled: Vec<SettledClaim>,
    saved: Option<Backup>,
}

impl Queue {
    /// Each case has its own prefix, so it sees nothing of another one.
    pub(crate) fn open(
        url: &str,
        connection: MultiplexedConnection,
        case: u32,
        is_limited: bool,
    ) -> Self {
        let rules = Rules {
            interval: is_limited.then_some(LONG),
            ..settings()
        };
        let mut queue = Self {
            connection,
            prefix: format!("{{p{case}}}"),
            client: hp_queue::connect(url).unwrap(),
            rules,
            workers: Vec::new(),
            reference: Reference {
                rate: Rate::new(is_limited),
                ..Reference::default()
            },
            server: 0,
            claims: 0,
            held: Vec::new(),
            settled: Vec::new(),
            saved: None,
        };
        queue.workers = vec![queue.worker(), queue.worker()];
        queue
    }

    pub(crate) async fn perform(&mut self, operation: Operation) -> Verdict {
        match operation {
            Operation::Enqueue(enqueue) => self.enqueue(enqueue).await,
            Operation::EnqueueNonsense => self.enqueue_nonsense().await,
            Operation::ReportWatermark { worker } => self.report_watermark(worker).await?,
            Operation::ClaimBatch {
                worker,
                n,
                lease_is_over,
                schedule_first,
            } => {
                self.claim_batch(worker, n, lease_is_over, schedule_first)
                    .await?;
            }
            Operation::ClaimNamed {
                worker,
                n,
                lease_is_over,
                is_run,
                orders,
            } => {
                let named = (0..ORDERS).filter(|order| orders & 1 << order != 0);
                let ids: Vec<_> = named.map(id_of).collect();
                self.claim_named(worker, n, (lease_is_over, is_run), &ids)
                    .await?;
            }
            Operation::AcquirePermits { n } => self.acquire_permits(n).await?,
            Operation::Settle { held, event, at } => self.settle(held, event, at).await?,
            Operation::SettleAgain { settled } => self.settle_again(settled).await?,
            Operation::SettleGroup(group) => self.settle_group(group).await?,
            Operation::Renew { held } => self.renew(held).await?,
            Operation::ComesDue { order } => self.make_due(&id_of(order)).await,
            Operation::Pause => {
                let paused = self.control().pause("a test", "a test").await.unwrap();
                prop_assert_eq!(paused, !std::mem::replace(&mut self.reference.paused, true));
                if paused {
                    self.reference.add_event("queue.paused", "");
                }
            }
            Operation::Resume => {
                let resumed = self.control().resume("Ada").await.unwrap();
                prop_assert_eq!(resumed, std::mem::take(&mut self.reference.paused));
                if resumed {
                    self.reference.add_event("queue.resumed", "");
                }
            }
            Operation::NineFailures => self.nine_failures().await,
            Operation::BreakerPauseEnds => self.breaker_pause_ends().await,
            Operation::BreakerPauseIsFar => self.breaker_pause_is_far().await,
            Operation::ThrottleEnds => self.throttle_ends().await,
            Operation::RateRecovers => self.rate_recovers().await,
            Operation::HoldBalance => self.hold_balance().await,
            Operation::LiftBalanceHold => self.lift_balance_hold().await,
            Operation::BothTryBalanceHold => self.both_try_balance_hold().await?,
            Operation::TrimInbox { kept } => self.trim_inbox(kept).await,
            Operation::TrimResult { order } => self.trim_result(&id_of(order)).await,
            Operation::Save => self.save().await,
            Operation::Restart { forgets } => self.restart(forgets).await,
            Operation::Empty => self.empty().await,
            Operation::DoubtsPass => self.doubts_pass().await,
            Operation::NewWorker { worker } => self.workers[worker] = self.worker(),
        }
        Ok(())
    }

    async fn make_due(&mut self, id: &str) {
        if self.reference.make_due(id) {
            self.run::<u64>(&["ZADD", "schedule", "XX", "0", id]).await;
        }
    }

    fn worker(&self) -> Worker {
        Worker::open(&self.client, &self.prefix, self.rules.clone())
    }

    fn control(&self) -> &Control {
        &self.workers[0].control
    }

    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// Runs a command whose second word is the name of a key.
    async fn run<T: FromRedisValue>(&mut self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        command.arg(self.key(words[1])).arg(&words[2..]);
        command.query_async(&mut self.connection).await.unwrap()
    }
}
