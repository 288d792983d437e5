use std::collections::HashSet;

use hp_order::Millis;

use super::Inspector;
use crate::error::QueueError;

/// The most entries that Redis examines in one step of a scan.
const SCAN_COUNT: u32 = 500;

/// How far a scan of the open orders has come. It starts with the oldest.
#[derive(Clone, Debug, Default)]
pub struct OpenOrderScan {
    from: u64,
    /// The orders of exactly that time that were seen.
    seen: HashSet<String>,
}

impl OpenOrderScan {
    /// Returns what is new in a page, oldest first, and moves on.
    fn advance(&mut self, mut page: Vec<(String, u64)>) -> Vec<String> {
        page.retain(|(id, _)| !self.seen.contains(id));
        if let Some((_, last)) = page.last() {
            if *last != self.from {
                self.seen.clear();
                self.from = *last;
            }
            let same_time = page.iter().filter(|(_, at)| *at == self.from);
            self.seen.extend(same_time.map(|(id, _)| id.clone()));
        }
        page.into_iter().map(|(id, _)| id).collect()
    }
}

impl Inspector {
    /// Reads the next open orders that were admitted by `until`, about `n` of them. Returns none at the end.
    pub async fn open_orders(
        &self,
        scan: &mut OpenOrderScan,
        until: Millis,
        n: usize,
    ) -> Result<Vec<String>, QueueError> {
        let mut command = redis::cmd("ZRANGEBYSCORE");
        command
            .arg(&self.handle.keys.open)
            .arg(scan.from)
            .arg(until.0)
            .arg("WITHSCORES")
            .arg("LIMIT")
            .arg(0)
            .arg(n + scan.seen.len());
        let page = command
            .query_async(&mut self.handle.connection.clone())
            .await?;
        Ok(scan.advance(page))
    }

    /// Reads ids that a scan of the open orders up to `until` leaves out: scheduled orders that are not among the open ones,
    /// younger orders in review, and orders that were admitted while the clock was ahead. Each call reads a part.
    /// `cursor` is zero at first, and zero again at the end. An id may come twice.
    pub async fn unlisted_orders(
        &self,
        cursor: &mut u64,
        until: Millis,
    ) -> Result<Vec<String>, QueueError> {
        let mut connection = self.handle.connection.clone();
        let mut scan = redis::cmd("ZSCAN");
        scan.arg(&self.handle.keys.schedule)
            .arg(*cursor)
            .arg("COUNT")
            .arg(SCAN_COUNT);
        let (next, page): (u64, Vec<(String, f64)>) = scan.query_async(&mut connection).await?;
        *cursor = next;
        if page.is_empty() {
            return Ok(Vec::new());
        }
        let mut scores = redis::cmd("ZMSCORE");
        scores.arg(&self.handle.keys.open);
        for (id, _) in &page {
            scores.arg(id);
        }
        let open: Vec<Option<u64>> = scores.query_async(&mut connection).await?;
        // After the times of the orders: none of them is later, unless the clock was set back.
        let now = self.now().await?;
        let is_left_out = |due: f64, admitted_at: Option<u64>| {
            // Orders in review are at the end of the schedule.
            admitted_at.is_none_or(|at| at > until.0 && (due == f64::INFINITY || at > now.0))
        };
        let pairs = page.into_iter().zip(open);
        Ok(pairs
            .filter(|((_, due), open)| is_left_out(*due, *open))
            .map(|((id, _), _)| id)
            .collect())
    }

    /// Reads the ids of all records, including ended orders, in parts like [`unlisted_orders`](Self::unlisted_orders).
    pub async fn recorded_orders(&self, cursor: &mut u64) -> Result<Vec<String>, QueueError> {
        let keys = &self.handle.keys;
        let mut scan = redis::cmd("SCAN");
        scan.arg(*cursor)
            .arg("MATCH")
            .arg(keys.every_order())
            .arg("COUNT")
            .arg(SCAN_COUNT);
        let answer = self
            .handle
            .connection
            .send_to_master_of(&keys.jobs, &scan)
            .await?;
        let (next, page): (u64, Vec<String>) =
            redis::from_redis_value(answer).map_err(redis::RedisError::from)?;
        *cursor = next;
        let start = keys.order_start();
        Ok(page
            .iter()
            .filter_map(|key| key.strip_prefix(start).map(Into::into))
            .collect())
    }
}
