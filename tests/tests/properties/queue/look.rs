//! What there is in Redis.

use std::collections::HashMap;

use proptest::prop_assert_eq;
use redis::{FromRedisValue, Value, from_redis_value_ref};

use super::{Queue, Verdict};
use crate::books::id_of;

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
pub(super) const RESULT_STREAMS: usize = 2;
const HASHES: usize = 6;
pub(super) const BREAKER: usize = 8;
pub(super) const EPOCH: usize = 9;
pub(super) const ORDER: usize = KEYS.len();

/// The values of all keys, in the order of [`Queue::keys`].
#[derive(Debug)]
pub(super) struct Look(pub(super) Vec<Value>);

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

    /// Redis may give its fields in another order each time.
    pub(super) fn hash(&self, n: usize) -> HashMap<String, String> {
        self.read(n)
    }

    pub(super) fn read<T: FromRedisValue>(&self, n: usize) -> T {
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
