//! Shops: they put in orders, read results, and put in again what they hear nothing of.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use redis::{Client, aio::MultiplexedConnection, streams::StreamReadReply};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{
    Clock,
    history::{Kind, Told},
    orders::{Demand, Order, Purpose, Put, STREAMS},
};

/// How long a shop waits for Redis.
const REDIS: Duration = Duration::from_secs(2);
/// Before it tries again to put in what Redis did not take.
const AGAIN: Duration = Duration::from_millis(300);

/// What the shops have seen. Shared by those who put in and those who read.
#[derive(Clone)]
pub(super) struct Shops {
    client: Client,
    clock: Clock,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
pub(super) struct Seen {
    /// All entries in the order of reading.
    pub(super) told: Vec<Told>,
    /// Orders that have a first result, and when it was read.
    results: HashMap<String, Instant>,
    /// For each put, when Redis accepted it.
    pub(super) accepted: Vec<Vec<u64>>,
}

impl Shops {
    pub(super) fn new(client: Client, clock: Clock) -> Self {
        Self {
            client,
            clock,
            seen: Arc::default(),
        }
    }

    pub(super) fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap())
    }

    /// The orders that no result was read of.
    pub(super) fn missing<'a>(&self, orders: &'a [Order]) -> Vec<&'a str> {
        let ids = orders.iter().map(|order| order.id.as_str());
        self.seen(|seen| ids.filter(|id| !seen.results.contains_key(*id)).collect())
    }

    /// Puts everything in when its time comes, until it is aborted.
    pub(super) async fn put_in(self, demand: Arc<Demand>, patience: Duration) {
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
                Wants::ToWait => AGAIN,
                Wants::ToPut if self.add(&mut connection, n, put).await => patience,
                Wants::ToPut => AGAIN,
            };
            due.push(Reverse((Instant::now() + again_in, n)));
        }
    }

    fn wants(&self, n: usize, put: &Put) -> Wants {
        self.seen(|seen| {
            let (result, accepted) = (seen.results.get(&put.id), !seen.accepted[n].is_empty());
            match (put.purpose, result) {
                (Purpose::Buy, None) => Wants::ToPut,
                // An order is not repeated or contradicted before it has ended.
                (Purpose::Again | Purpose::Conflict, None) => Wants::ToWait,
                (Purpose::Buy, Some(_)) => Wants::Nothing,
                _ if accepted => Wants::Nothing,
                _ => Wants::ToPut,
            }
        })
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

    /// Reads all result streams until it is aborted.
    pub(super) async fn read(self) {
        let mut after = STREAMS.map(|stream| (stream, "0".to_owned()));
        loop {
            let Ok(Ok(mut connection)) =
                timeout(REDIS, self.client.get_multiplexed_async_connection()).await
            else {
                sleep(AGAIN).await;
                continue;
            };
            while let Ok(Ok(reply)) = timeout(REDIS, next(&mut connection, &after)).await {
                for told in reply
                    .map(|reply| entries(reply, self.clock.now()))
                    .into_iter()
                    .flatten()
                {
                    if let Some((_, last)) =
                        after.iter_mut().find(|(stream, _)| *stream == told.stream)
                    {
                        last.clone_from(&told.entry);
                    }
                    self.hear(told);
                }
            }
        }
    }

    fn hear(&self, told: Told) {
        self.seen(|seen| {
            if told.kind() == Kind::First {
                seen.results
                    .entry(told.id().into())
                    .or_insert_with(Instant::now);
            }
            seen.told.push(told);
        });
    }
}

enum Wants {
    Nothing,
    ToWait,
    ToPut,
}

async fn next(
    connection: &mut MultiplexedConnection,
    after: &[(&str, String)],
) -> redis::RedisResult<Option<StreamReadReply>> {
    let mut command = redis::cmd("XREAD");
    // Shorter than the connection's own patience with an answer.
    command
        .arg("COUNT")
        .arg(100)
        .arg("BLOCK")
        .arg(200)
        .arg("STREAMS");
    for (stream, _) in after {
        command.arg(*stream);
    }
    for (_, last) in after {
        command.arg(last);
    }
    command.query_async(connection).await
}

/// The entries of an answer, by stream.
pub(super) fn entries(reply: StreamReadReply, read: u64) -> Vec<Told> {
    let of_stream = |key: redis::streams::StreamKey| {
        let stream = key.key;
        key.ids.into_iter().map(move |entry| {
            let fields = entry.map.into_iter();
            let text = |(name, value)| (name, redis::from_redis_value(value).unwrap());
            Told {
                stream: stream.clone(),
                entry: entry.id,
                read,
                fields: fields.map(text).collect(),
            }
        })
    };
    reply.keys.into_iter().flat_map(of_stream).collect()
}
