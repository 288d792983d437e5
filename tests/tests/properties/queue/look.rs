//! What there is in Redis.

use std::collections::HashMap;

use e2e::Entry;
use proptest::{prop_assert, prop_assert_eq};
use redis::{FromRedisValue, Value, from_redis_value_ref};

use super::{Queue, Verdict};
use crate::{
    books::id_of,
    operation::ORDERS,
    sample::PIN_KEY,
    shown::{Breaker, Epoch, Line, Shown, Told, When},
};

pub(super) const KEYS: [&str; 10] = [
    "results",
    "results:own",
    "jobs",
    "rejected",
    "open",
    "schedule",
    "paused",
    "holds",
    "breaker",
    "epoch",
];
const RESULT_STREAMS: usize = 2;
const HASHES: usize = 6;
const BREAKER: usize = 8;
const EPOCH: usize = 9;
const ORDER: usize = KEYS.len();

/// The values of all keys, in the order of [`Queue::keys`].
#[derive(Debug)]
pub(super) struct Look(Vec<Value>);

/// Brings what is due to the beginning of the schedule: there it stands in the order of the ids, whatever the time.
const FLATTEN: &str = "local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do redis.call('ZADD', KEYS[1], 0, id) end";

impl Queue {
    pub(super) async fn flatten(&mut self) {
        let mut script = redis::cmd("EVAL");
        script.arg(FLATTEN).arg(1).arg(self.key("schedule"));
        script
            .query_async::<()>(&mut self.connection)
            .await
            .unwrap();
    }

    pub(super) async fn look(&mut self) -> Look {
        let mut read = redis::pipe();
        for (n, key) in self.keys().into_iter().enumerate() {
            match n {
                0..=3 => read.cmd("XRANGE").arg(key).arg("-").arg("+"),
                4 | 5 => read.cmd("ZRANGE").arg(key).arg(0).arg(-1).arg("WITHSCORES"),
                _ => read.cmd("HGETALL").arg(key),
            };
        }
        Look(read.query_async(&mut self.connection).await.unwrap())
    }

    pub(super) async fn look_unless(&mut self, is_needless: bool) -> Option<Look> {
        if is_needless {
            None
        } else {
            Some(self.look().await)
        }
    }

    /// Compares all there is with the books.
    pub(crate) async fn agrees(&mut self) -> Verdict {
        let look = self.look().await;
        let shown = look.shown();
        look.keeps_promises(&shown)?;
        prop_assert_eq!(shown, self.books.shown(), "Redis and the books");
        Ok(())
    }
}

impl Look {
    /// The keys that have changed, but for what was heard of HitPoints.
    pub(super) fn changes_since(&self, before: &Self) -> Vec<String> {
        let is_same = |n| match n {
            BREAKER => true,
            0..HASHES => self.0[n] == before.0[n],
            _ => self.hash(n) == before.hash(n),
        };
        let changed = (0..self.0.len()).filter(|n| !is_same(*n));
        changed.map(name).collect()
    }

    /// What holds whatever the books say.
    fn keeps_promises(&self, shown: &Shown) -> Verdict {
        for (id, line) in &shown.orders {
            let has_ended =
                ["completed", "failed", "rejected", "expired"].contains(&line.state.as_str());
            let firsts = shown
                .told
                .iter()
                .filter(|told| told.id == *id && told.is_first());
            prop_assert!(
                firsts.count() <= usize::from(has_ended),
                "results of {}, which is {}",
                id,
                line.state
            );
            prop_assert_eq!(
                shown.open.contains(id),
                !has_ended,
                "{} is {} and open",
                id,
                line.state
            );
            prop_assert!(
                has_ended || shown.schedule.contains_key(id),
                "{} is out of sight",
                id
            );
        }
        let elsewhere = format!("{:?}", &self.0[RESULT_STREAMS..]);
        prop_assert!(!elsewhere.contains(PIN_KEY), "a card outside the results");
        let told = format!("{:?}", &self.0[..RESULT_STREAMS]);
        let has_cards = shown.told.iter().any(|told| told.has_cards);
        prop_assert_eq!(told.contains(PIN_KEY), has_cards, "cards in the results");
        Ok(())
    }

    fn shown(&self) -> Shown {
        let mut told = self.told(0);
        told.extend(self.told(1));
        told.sort();
        let scores = |n| self.read::<Vec<(String, String)>>(n);
        let (breaker, epoch) = (self.hash(BREAKER), self.hash(EPOCH));
        let mut open: Vec<_> = scores(4).into_iter().map(|(id, _)| id).collect();
        open.sort();
        Shown {
            orders: (0..ORDERS)
                .filter_map(|order| Some((id_of(order), self.line(order)?)))
                .collect(),
            open,
            schedule: scores(5)
                .into_iter()
                .map(|(id, score)| (id, when(&score)))
                .collect(),
            told,
            set_aside: self.read::<Vec<Value>>(3).len(),
            inbox: self.read::<Vec<Value>>(2).len(),
            paused: !self.hash(6).is_empty(),
            held: !self.hash(7).is_empty(),
            breaker: Breaker {
                silences: number(&breaker, "silences"),
                pauses: number(&breaker, "pauses"),
                probe: breaker.get("probe").cloned().unwrap_or_default(),
            },
            epoch: Epoch {
                is_lossy: epoch.get("id").is_some_and(|id| id.ends_with('!')),
                doubts: epoch.get("since").is_some_and(|since| since != "0"),
                takes: number(&epoch, "taken").into(),
            },
        }
    }

    fn line(&self, order: usize) -> Option<Line> {
        let record = self.hash(ORDER + order);
        (!record.is_empty()).then(|| Line {
            state: record.get("state").cloned().unwrap_or_default(),
            claim: number(&record, "claim").into(),
            attempts: number(&record, "attempts"),
            checks: number(&record, "checks"),
            crashes: number(&record, "crashes"),
            is_doubted: record.contains_key("restarted_at"),
        })
    }

    fn told(&self, stream: usize) -> Vec<Told> {
        let entries: Vec<(String, Entry)> = self.read(stream);
        let told = |entry: Entry| {
            let word = |name: &str| entry.get(name).cloned().unwrap_or_default();
            Told {
                own_stream: stream == 1,
                id: word("order_id"),
                status: word("status"),
                reason: word("reason"),
                meta: word("meta"),
                is_copy: entry.contains_key("replay_of"),
                has_cards: entry.contains_key("pins"),
            }
        };
        entries.into_iter().map(|(_, entry)| told(entry)).collect()
    }

    /// Redis may give its fields in another order each time.
    fn hash(&self, n: usize) -> HashMap<String, String> {
        self.read(n)
    }

    fn read<T: FromRedisValue>(&self, n: usize) -> T {
        from_redis_value_ref(&self.0[n]).unwrap()
    }
}

/// The name of a key, without the prefix.
pub(super) fn name(n: usize) -> String {
    match KEYS.get(n) {
        Some(name) => (*name).into(),
        None => format!("order:{}", id_of(n - ORDER)),
    }
}

fn when(score: &str) -> When {
    match score {
        "0" => When::Due,
        "inf" => When::Never,
        _ => When::Later,
    }
}

fn number(hash: &HashMap<String, String>, name: &str) -> u32 {
    hash.get(name).map_or(0, |value| value.parse().unwrap())
}
