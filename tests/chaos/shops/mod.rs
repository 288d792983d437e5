//! Shops: they put in orders, read results, and put in again what they hear nothing of.

mod reading;

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use redis::{Client, aio::MultiplexedConnection};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    clock::Clock,
    history::ClaimSkip,
    orders::{Demand, Order, Purpose, Put},
    world::Losses,
};

/// How long a shop waits for Redis.
const REDIS: Duration = Duration::from_secs(2);
/// Before it tries again to put in what Redis did not take.
const AGAIN: Duration = Duration::from_millis(300);

/// What the shops have seen. Shared by those who put in and those who read.
#[derive(Clone)]
pub(crate) struct Shops {
    client: Client,
    clock: Clock,
    losses: Losses,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
pub(crate) struct Seen {
    /// All entries in the order of reading.
    pub(crate) told: Vec<ClaimSkip>,
    /// Orders that have a first result, and when it was read.
    results: HashMap<String, u64>,
    /// For each put, when Redis accepted it.
    pub(crate) accepted: Vec<Vec<u64>>,
}

impl Shops {
    pub(crate) fn new(client: Client, clock: Clock, losses: Losses) -> Self {
        Self {
            client,
            clock,
            losses,
            seen: Arc::default(),
        }
    }

    pub(crate) fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap())
    }

    /// The orders that no result was read of.
    pub(crate) fn missing<'a>(&self, orders: &'a [Order]) -> Vec<&'a str> {
        let ids = orders.iter().map(|order| order.id.as_str());
        self.seen(|seen| ids.filter(|id| !seen.results.contains_key(*id)).collect())
    }

    /// Whether there is an entry to be put in yet, other than orders.
    pub(crate) fn are_unheard(&self, demand: &Demand) -> bool {
        let mut puts = demand.puts.iter().enumerate();
        puts.any(|(n, put)| {
            put.purpose != Purpose::Buy && matches!(self.wants(n, put), Wants::ToPut)
        })
    }

    /// Puts everything in when its time comes, until it is aborted.
    pub(crate) async fn put_in(self, demand: Arc<Demand>, patience: Duration) {
        self.seen(|seen| seen.accepted = vec![Vec::new(); demand.puts.len()]);
        let start = self.clock.start;
        let puts = demand.puts.iter().enumerate();
        let mut due: BinaryHeap<_> = puts.map(|(n, put)| Reverse((start + put.at, n))).collect();
        let mut connection = None;
        while let Some(Reverse((at, n))) = due.pop() {
            sleep_until(at).await;
            let put = &demand.puts[n];
            let again_in = match self.wants(n, put) {
                Wants::Nothing => continue,
                Wants::ToPut if self.add(&mut connection, n, put).await => patience,
                Wants::ToPut | Wants::ToWait => AGAIN,
            };
            due.push(Reverse((Instant::now() + again_in, n)));
        }
    }

    fn wants(&self, n: usize, put: &Put) -> Wants {
        let (result, accepted) = self.seen(|seen| {
            let result = seen.results.get(&put.id).copied();
            (result, !seen.accepted[n].is_empty())
        });
        match (put.purpose, result) {
            (Purpose::Buy, None) => Wants::ToPut,
            (Purpose::Buy, Some(_)) => Wants::Nothing,
            _ if accepted => Wants::Nothing,
            (Purpose::Invalid | Purpose::Nameless, _) => Wants::ToPut,
            (Purpose::Again | Purpose::Conflict, None) => Wants::ToWait,
            // Nor before it is certain that Redis has not forgotten the order: a contradiction of what is forgotten
            // would be an order by itself.
            (Purpose::Again | Purpose::Conflict, Some(read)) => {
                match self.losses.hold(read, self.clock.now()) {
                    None => Wants::ToWait,
                    Some(true) => Wants::Nothing,
                    Some(false) => Wants::ToPut,
                }
            }
        }
    }

    /// `XADD`; whether Redis said yes.
    async fn add(
        &self,
        connection: &mut Option<MultiplexedConnection>,
        n: usize,
        put: &Put,
    ) -> bool {
        let mut command = redis::cmd("XADD");
        command.arg("{hp}:jobs").arg("*");
        for (name, value) in &put.fields {
            command.arg(*name).arg(value);
        }
        let adding = async {
            if connection.is_none() {
                *connection = Some(self.client.get_multiplexed_async_connection().await?);
            }
            let connection = connection.as_mut().expect("made just now");
            command.query_async::<String>(connection).await
        };
        let Ok(Ok(_)) = timeout(REDIS, adding).await else {
            *connection = None;
            return false;
        };
        let now = self.clock.now();
        self.seen(|seen| seen.accepted[n].push(now));
        true
    }
}

enum Wants {
    Nothing,
    ToWait,
    ToPut,
}
