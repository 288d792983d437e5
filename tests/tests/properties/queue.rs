use std::{collections::HashMap, sync::Arc, time::Duration};

use e2e::{Entry as Fields, Redis, rules};
use hp_order::{Contact, Moment, Step, step};
use hp_queue::{Claimed, Ledger, LookFirst, Settled};
use proptest::{prop_assert, prop_assert_eq, test_runner::TestCaseError};
use redis::{FromRedisValue, aio::MultiplexedConnection};

use crate::{
    operation::{News, Operation},
    reference::{Entry, Order, Reference, id_of},
};

type Verdict = Result<(), TestCaseError>;

const LONG: Duration = Duration::from_hours(1);

/// The queue of one case, under a prefix of its own, beside its reference.
pub(crate) struct Queue {
    connection: MultiplexedConnection,
    ledger: Ledger,
    prefix: String,
    reference: Reference,
    /// Claims that were given out, with their epoch; stale ones too.
    held: Vec<(Claimed, u32)>,
    settled: Vec<(Claimed, u32, Step)>,
}

impl Queue {
    pub(crate) async fn open(redis: &Redis, case: u32) -> Self {
        let prefix = format!("{{p{case}}}");
        let client = hp_queue::connect(&redis.url()).unwrap();
        Self {
            connection: redis.connection().await,
            ledger: Ledger::open(&client, &prefix.parse().unwrap(), rules()).unwrap(),
            prefix,
            reference: Reference::default(),
            held: Vec::new(),
            settled: Vec::new(),
        }
    }

    pub(crate) async fn perform(&mut self, operation: &Operation) -> Verdict {
        match *operation {
            Operation::Put {
                order,
                quantity,
                own_stream,
            } => {
                self.put(id_of(order), quantity, own_stream).await;
            }
            Operation::PutNonsense => {
                self.run::<String>(&["XADD", "jobs", "*", "order", "A-0"])
                    .await;
                self.reference.inbox.push_back(Entry::Nonsense);
            }
            Operation::Take { lease_is_over } => self.take(lease_is_over).await?,
            Operation::Settle { held, news } => self.settle(held, news).await?,
            Operation::SettleAgain { settled } => self.settle_again(settled).await?,
            Operation::Renew { held } => self.renew(held).await?,
            Operation::ComesDue { order } => self.comes_due(&id_of(order)).await,
            Operation::Pause => {
                let paused = self.ledger.pause("a test", "a test").await.unwrap();
                prop_assert_eq!(paused, !std::mem::replace(&mut self.reference.paused, true));
            }
            Operation::Resume => {
                let resumed = self.ledger.resume().await.unwrap();
                prop_assert_eq!(resumed, std::mem::take(&mut self.reference.paused));
            }
            Operation::Restart => self.restart().await,
        }
        Ok(())
    }

    async fn put(&mut self, id: String, quantity: u32, own_stream: bool) {
        let (count, stream) = (quantity.to_string(), self.key("results:own"));
        let mut words = vec![
            "XADD",
            "jobs",
            "*",
            "order_id",
            &id,
            "product_id",
            "2",
            "quantity",
            &count,
        ];
        if own_stream {
            words.extend(["reply_to", &stream]);
        }
        self.run::<String>(&words).await;
        let entry = Entry::Order {
            id,
            quantity,
            own_stream,
        };
        self.reference.inbox.push_back(entry);
    }

    async fn take(&mut self, lease_is_over: bool) -> Verdict {
        let lease = if lease_is_over { Duration::ZERO } else { LONG };
        let taken = self
            .ledger
            .take(100, lease, LookFirst::Inbox)
            .await
            .unwrap();
        prop_assert!(taken.unreadable.is_empty(), "{:?}", taken.unreadable);
        prop_assert_eq!(taken.paused.is_some(), self.reference.paused);
        let mut expected = self.reference.take(lease_is_over);
        let mut ids: Vec<_> = taken
            .claimed
            .iter()
            .map(|claimed| claimed.id().to_string())
            .collect();
        expected.sort();
        ids.sort();
        prop_assert_eq!(ids, expected, "taken");
        for claimed in taken.claimed {
            let order = &self.reference.orders[claimed.id().as_str()];
            prop_assert_eq!(claimed.record.claim, order.claim);
            prop_assert_eq!(claimed.record.state, order.state);
            self.held.push((claimed, self.reference.epoch));
        }
        Ok(())
    }

    async fn settle(&mut self, held: usize, news: News) -> Verdict {
        if self.held.is_empty() {
            return Ok(());
        }
        let (claimed, epoch) = self.held.remove(held % self.held.len());
        let Some(event) = news.of(claimed.record.state) else {
            self.held.push((claimed, epoch));
            return Ok(());
        };
        let moment = Moment {
            now: claimed.record.accepted_at,
            jitter: 0.5,
        };
        let step = step(&claimed.record, event, &rules().policy, moment);
        self.apply(claimed, epoch, step).await
    }

    async fn settle_again(&mut self, settled: usize) -> Verdict {
        if self.settled.is_empty() {
            return Ok(());
        }
        let (claimed, epoch, step) = self.settled.swap_remove(settled % self.settled.len());
        self.apply(claimed, epoch, step).await
    }

    async fn apply(&mut self, claimed: Claimed, epoch: u32, step: Step) -> Verdict {
        let id = claimed.id().to_string();
        let before = self.record(&id).await;
        let settled = self
            .ledger
            .settle(&claimed, &step, Contact::Answer)
            .await
            .unwrap();
        let counts = self
            .reference
            .settle(&id, claimed.record.claim, epoch, &step);
        prop_assert_eq!(settled != Settled::Stale, counts, "{} {:?}", id, settled);
        if !counts {
            prop_assert_eq!(
                self.record(&id).await,
                before,
                "a stale settling changed something"
            );
        }
        self.settled.push((claimed, epoch, step));
        Ok(())
    }

    async fn renew(&mut self, held: usize) -> Verdict {
        if self.held.is_empty() {
            return Ok(());
        }
        let (claimed, epoch) = &self.held[held % self.held.len()];
        let renewed = self.ledger.renew(claimed, LONG).await.unwrap();
        let order = self
            .reference
            .orders
            .get_mut(claimed.id().as_str())
            .unwrap();
        let is_ours = order.claim == claimed.record.claim && order.epoch == *epoch;
        prop_assert_eq!(renewed, is_ours && !order.state.has_ended());
        if renewed {
            order.is_due = false;
        }
        Ok(())
    }

    async fn comes_due(&mut self, id: &str) {
        let is_open = self
            .reference
            .orders
            .get(id)
            .is_some_and(|order| !order.state.has_ended());
        if is_open {
            self.run::<u64>(&["ZADD", "schedule", "XX", "0", id]).await;
            self.reference.orders.get_mut(id).unwrap().is_due = true;
        }
    }

    /// Renames the epoch of all that there is, so that the server's own is another one.
    async fn restart(&mut self) {
        if self.run::<u64>(&["EXISTS", "epoch"]).await == 0 || self.reference.restarted {
            return;
        }
        let epoch = format!("earlier-{}", self.reference.epoch);
        self.run::<u64>(&["HSET", "epoch", "server", &epoch, "id", &epoch])
            .await;
        for id in self.reference.orders.keys().cloned().collect::<Vec<_>>() {
            if self.reference.orders[&id].epoch == self.reference.epoch {
                self.run::<u64>(&["HSET", &format!("order:{id}"), "epoch", &epoch])
                    .await;
            }
        }
        for (claimed, of) in &mut self.held {
            rename(claimed, *of, self.reference.epoch, &epoch);
        }
        for (claimed, of, _) in &mut self.settled {
            rename(claimed, *of, self.reference.epoch, &epoch);
        }
        self.reference.restarted = true;
    }

    /// Compares everything.
    pub(crate) async fn agrees(&mut self) -> Verdict {
        let orders = self.reference.orders.clone();
        let (mut first, mut told) = (0, 0);
        for (id, order) in &orders {
            self.agrees_on(id, order).await?;
            let stream = if order.own_stream {
                "results:own"
            } else {
                "results"
            };
            let results = self.results(stream, id).await;
            let firsts = results
                .iter()
                .filter(|result| !result.contains_key("replay_of"));
            let count = firsts.count();
            prop_assert_eq!(
                count,
                usize::from(order.state.has_ended()),
                "first results of {}",
                id
            );
            first += count;
        }
        for stream in ["results", "results:own"] {
            told += self.run::<usize>(&["XLEN", stream]).await;
        }
        let (conflicts, repeated) = (self.reference.conflicts, self.reference.repeated);
        prop_assert_eq!(
            told,
            first + conflicts + repeated,
            "entries of result streams"
        );
        prop_assert_eq!(
            self.run::<usize>(&["XLEN", "rejected"]).await,
            self.reference.nonsense
        );
        prop_assert_eq!(
            self.run::<usize>(&["XLEN", "jobs"]).await,
            self.reference.inbox.len()
        );
        for key in ["open", "schedule"] {
            let mut members: Vec<String> = self.run(&["ZRANGE", key, "0", "-1"]).await;
            members.sort();
            prop_assert_eq!(members, self.reference.open(), "{}", key);
        }
        Ok(())
    }

    async fn agrees_on(&mut self, id: &str, order: &Order) -> Verdict {
        let record = self.record(id).await;
        let of = |name: &str| record.get(name).map_or("0", String::as_str);
        let seen = [
            of("state"),
            of("claim"),
            of("attempts"),
            of("checks"),
            of("crashes"),
        ];
        let expected = [
            order.state.to_string(),
            order.claim.to_string(),
            order.attempts.to_string(),
            order.checks.to_string(),
            order.crashes.to_string(),
        ];
        prop_assert_eq!(
            seen.map(str::to_owned),
            expected,
            "state, claim, attempts, checks and crashes of {}",
            id
        );
        Ok(())
    }

    /// Results of this order, but for answers to conflicting entries.
    async fn results(&mut self, stream: &str, id: &str) -> Vec<Fields> {
        let entries: Vec<(String, Fields)> = self.run(&["XRANGE", stream, "-", "+"]).await;
        let ours = entries
            .into_iter()
            .map(|(_, fields)| fields)
            .filter(|fields| {
                fields["order_id"] == id
                    && fields
                        .get("reason")
                        .is_none_or(|why| why != "order_id_conflict")
            });
        ours.collect()
    }

    async fn record(&mut self, id: &str) -> HashMap<String, String> {
        self.run(&["HGETALL", &format!("order:{id}")]).await
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

fn rename(claimed: &mut Claimed, of: u32, present: u32, epoch: &str) {
    if of == present {
        claimed.epoch = Arc::from(epoch);
    }
}
