//! The queue of one case in Redis, beside its books.

mod breaker;
mod hold;
mod look;
mod promises;
mod restart;
mod seen;
mod settle;
mod shop;
mod take;
mod worker;

use std::time::Duration;

use hp_order::{Step, VendorSignal};
use hp_queue::{Client, Control, Rules};
use proptest::{prop_assert_eq, test_runner::TestCaseError};
use redis::{FromRedisValue, aio::MultiplexedConnection};

use crate::{
    books::{Books, Rate, id_of},
    operation::{ORDERS, Operation},
    sample::settings,
};

use worker::{Held, Worker};

type Verdict = Result<(), TestCaseError>;

const LONG: Duration = Duration::from_hours(1);

pub(crate) struct Queue {
    connection: MultiplexedConnection,
    prefix: String,
    client: Client,
    rules: Rules,
    workers: Vec<Worker>,
    books: Books,
    /// Counts the lives of the server.
    server: u32,
    /// Counts all takes.
    takes: u64,
    /// Claims that were given out and not settled; stale ones too.
    held: Vec<Held>,
    settled: Vec<(Held, Step, VendorSignal)>,
    saved: Option<restart::Saved>,
}

impl Queue {
    /// A prefix of its own for each case: nothing of another case is seen, or has to be removed.
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
            books: Books {
                rate: Rate::new(is_limited),
                ..Books::default()
            },
            server: 0,
            takes: 0,
            held: Vec::new(),
            settled: Vec::new(),
            saved: None,
        };
        queue.workers = vec![queue.new_worker(), queue.new_worker()];
        queue
    }

    pub(crate) async fn perform(&mut self, operation: Operation) -> Verdict {
        match operation {
            Operation::Put(put) => self.put(put).await,
            Operation::PutNonsense => self.put_nonsense().await,
            Operation::Show { worker } => self.show(worker).await?,
            Operation::Take {
                worker,
                n,
                lease_is_over,
                schedule_first,
            } => {
                self.take(worker, n, lease_is_over, schedule_first).await?;
            }
            Operation::Settle { held, news, hour } => self.settle(held, news, hour).await?,
            Operation::SettleAgain { settled } => self.settle_again(settled).await?,
            Operation::Renew { held } => self.renew(held).await?,
            Operation::ComesDue { order } => self.comes_due(&id_of(order)).await,
            Operation::Pause => {
                let paused = self.control().pause("a test", "a test").await.unwrap();
                prop_assert_eq!(paused, !std::mem::replace(&mut self.books.paused, true));
            }
            Operation::Resume => {
                let resumed = self.control().resume().await.unwrap();
                prop_assert_eq!(resumed, std::mem::take(&mut self.books.paused));
            }
            Operation::NineSilences => self.nine_silences().await,
            Operation::BreakerPauseEnds => self.breaker_pause_ends().await,
            Operation::BreakerPauseIsFar => self.breaker_pause_is_far().await,
            Operation::RateRecovers => self.rate_recovers().await,
            Operation::Hold => self.hold().await,
            Operation::LiftHold => self.lift_hold().await,
            Operation::BothTryHeld => self.both_try_held().await?,
            Operation::TrimResult { order } => self.trim_result(&id_of(order)).await,
            Operation::Save => self.save().await,
            Operation::Restart { forgets } => self.restart(forgets).await,
            Operation::Empty => self.empty().await,
            Operation::DoubtsPass => self.doubts_pass().await,
            Operation::NewWorker { worker } => self.workers[worker] = self.new_worker(),
        }
        Ok(())
    }

    async fn comes_due(&mut self, id: &str) {
        if self.books.comes_due(id) {
            self.run::<u64>(&["ZADD", "schedule", "XX", "0", id]).await;
        }
    }

    fn control(&self) -> &Control {
        &self.workers[0].control
    }

    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// All there can be.
    fn keys(&self) -> Vec<String> {
        let names = (0..look::REPETITIONS + ORDERS).map(look::name);
        names.map(|name| self.key(&name)).collect()
    }

    /// Runs a command whose second word is the name of a key.
    async fn run<T: FromRedisValue>(&mut self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        command.arg(self.key(words[1])).arg(&words[2..]);
        command.query_async(&mut self.connection).await.unwrap()
    }
}
