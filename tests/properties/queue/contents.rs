//! What there is in Redis.

use std::{collections::HashMap, ops::Range};

use hp_order::Millis;
use proptest::prop_assert_eq;
use redis::{FromRedisValue, Value, from_redis_value, from_redis_value_ref};

use super::{Queue, Verdict};
use crate::operation::{ALL_ORDERS, id_of};

pub(super) const KEYS: [&str; 23] = [
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
    "rate",
    "inbox",
    "held",
    "held:CNY",
    "rate:runs",
    "throttle",
    "events",
    "state:queued",
    "state:uncertain",
    "state:waiting",
    "state:review",
    "spent",
    "own_streams",
];
pub(super) const RESULT_STREAMS: usize = 2;
pub(super) const OWN_RESULTS: usize = 1;
const HASHES: usize = 6;
pub(super) const BREAKER: usize = 8;
pub(super) const EPOCH: usize = 9;
pub(super) const RATE: usize = 10;
pub(super) const INBOX: usize = 11;
const HOLD_SCOPES: usize = 12;
pub(super) const HELD: usize = 13;
const RATE_OF_RUNS: usize = 14;
pub(super) const THROTTLE: usize = 15;
pub(super) const EVENTS: usize = 16;
/// The sets of open orders by state.
pub(super) const STATES: Range<usize> = 17..21;
pub(super) const SPENT: usize = 21;
pub(super) const OWN_STREAMS: usize = 22;
pub(super) const ORDER: usize = KEYS.len();
pub(super) const REPLAYS: usize = ORDER + ALL_ORDERS;

#[derive(Debug)]
pub(super) struct Contents {
    /// Of all keys, in the order of [`Queue::keys`].
    pub(super) values: Vec<Value>,
    /// For how long they are kept, ms; negative: for ever, or they are not there.
    pub(super) left: Vec<i64>,
    pub(super) now: Millis,
}

/// Brings what is due to the beginning of the schedule: there it stands in the order of the ids, whatever the time. So do the
/// orders that are held.
const FLATTEN: &str = "local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do redis.call('ZADD', KEYS[1], 0, id) end
    for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do redis.call('ZADD', KEYS[2], now + 3600000, id) end";

impl Queue {
    pub(super) async fn flatten(&mut self) {
        let mut script = redis::cmd("EVAL");
        script.arg(FLATTEN).arg(2).arg(self.key("schedule"));
        script.arg(self.key("held:CNY"));
        script
            .query_async::<()>(&mut self.connection)
            .await
            .unwrap();
    }

    /// All keys that there can be.
    pub(super) fn keys(&self) -> Vec<String> {
        let names = (0..REPLAYS + ALL_ORDERS).map(name);
        names.map(|name| self.key(&name)).collect()
    }

    pub(super) async fn contents(&mut self) -> Contents {
        let (mut read, keys) = (redis::pipe(), self.keys());
        for (n, key) in keys.iter().enumerate() {
            match n {
                0..=3 | EVENTS => read.cmd("XRANGE").arg(key).arg("-").arg("+"),
                4 | 5 | HOLD_SCOPES | HELD | OWN_STREAMS => {
                    read.cmd("ZRANGE").arg(key).arg(0).arg(-1).arg("WITHSCORES")
                }
                RATE | RATE_OF_RUNS => read.cmd("GET").arg(key),
                n if STATES.contains(&n) => read.cmd("SORT").arg(key).arg("ALPHA"),
                REPLAYS.. => read.cmd("LRANGE").arg(key).arg(0).arg(-1),
                _ => read.cmd("HGETALL").arg(key),
            };
        }
        for key in &keys {
            read.cmd("PTTL").arg(key);
        }
        let mut values: Vec<Value> = read.query_async(&mut self.connection).await.unwrap();
        let left = values.split_off(keys.len());
        Contents {
            values,
            left: from_redis_value(Value::Array(left)).unwrap(),
            now: self.now().await,
        }
    }

    pub(super) async fn contents_unless(&mut self, is_needless: bool) -> Option<Contents> {
        if is_needless {
            None
        } else {
            Some(self.contents().await)
        }
    }

    /// Compares all there is with the reference.
    pub(crate) async fn agrees(&mut self) -> Verdict {
        let contents = self.contents().await;
        let view = contents.view();
        contents.keeps_invariants(&view)?;
        contents.lasts_long_enough(&view)?;
        prop_assert_eq!(view, self.reference.view(), "Redis and the reference");
        self.metrics_agree().await
    }
}

impl Contents {
    /// The keys that have changed.
    pub(super) fn changes_since(&self, before: &Self) -> Vec<String> {
        let is_same = |n| match n {
            0..HASHES | RATE..ORDER | REPLAYS.. => self.values[n] == before.values[n],
            _ => self.hash(n) == before.hash(n),
        };
        let changed = (0..self.values.len()).filter(|n| !is_same(*n));
        changed.map(name).collect()
    }

    /// Redis may give its fields in another order each time.
    pub(super) fn hash(&self, n: usize) -> HashMap<String, String> {
        self.read(n)
    }

    pub(super) fn read<T: FromRedisValue>(&self, n: usize) -> T {
        from_redis_value_ref(&self.values[n]).unwrap()
    }
}

/// The name of a key, without the prefix.
pub(super) fn name(n: usize) -> String {
    match n {
        ..ORDER => KEYS[n].into(),
        ORDER..REPLAYS => format!("order:{}", id_of(n - ORDER)),
        _ => format!("replays:{}", id_of(n - REPLAYS)),
    }
}
