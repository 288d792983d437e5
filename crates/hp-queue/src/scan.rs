//! Going through many orders in bounded memory.

use std::collections::HashSet;

use hp_order::Millis;

use crate::{Inspector, QueueError};

/// How far a walk over the open orders has come: the oldest come first.
#[derive(Clone, Debug, Default)]
pub struct OpenOrderScan {
    from: u64,
    /// Those of the very time at which the last page ended.
    seen: HashSet<String>,
}

impl OpenOrderScan {
    /// What is new of a page, oldest first, and where the next one begins.
    fn go_on(&mut self, mut page: Vec<(String, u64)>) -> Vec<String> {
        page.retain(|(id, _)| !self.seen.contains(id));
        if let Some((_, last)) = page.last() {
            if *last != self.from {
                self.seen.clear();
                self.from = *last;
            }
            let of_this_time = page.iter().filter(|(_, at)| *at == self.from);
            self.seen.extend(of_this_time.map(|(id, _)| id.clone()));
        }
        page.into_iter().map(|(id, _)| id).collect()
    }
}

impl Inspector {
    /// The next open orders that were admitted by `until`, about `n` of them; none: there are no more.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn open_orders(
        &self,
        walk: &mut OpenOrderScan,
        until: Millis,
        n: usize,
    ) -> Result<Vec<String>, QueueError> {
        let mut command = redis::cmd("ZRANGEBYSCORE");
        command
            .arg(&self.handle.keys.open)
            .arg(walk.from)
            .arg(until.0)
            .arg("WITHSCORES")
            .arg("LIMIT")
            .arg(0)
            .arg(n + walk.seen.len());
        let page = command
            .query_async(&mut self.handle.connection.clone())
            .await?;
        Ok(walk.go_on(page))
    }

    /// Ids that a walk over the open orders up to `until` leaves out: those that are scheduled though they are not among
    /// them, and those in review that are younger. A part of them for each `cursor`, which is zero at first, and again
    /// when there are no more. An id may come twice.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
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
            .arg(500);
        let (next, page): (u64, Vec<(String, f64)>) = scan.query_async(&mut connection).await?;
        *cursor = next;
        if page.is_empty() {
            return Ok(Vec::new());
        }
        let mut ask = redis::cmd("ZMSCORE");
        ask.arg(&self.handle.keys.open);
        for (id, _) in &page {
            ask.arg(id);
        }
        let open: Vec<Option<u64>> = ask.query_async(&mut connection).await?;
        let is_left_out = |due: f64, admitted_at: Option<u64>| {
            // Orders in review stand at the end of the schedule.
            admitted_at.is_none_or(|at| at > until.0 && due == f64::INFINITY)
        };
        let pairs = page.into_iter().zip(open);
        Ok(pairs
            .filter(|((_, due), open)| is_left_out(*due, *open))
            .map(|((id, _), _)| id)
            .collect())
    }

    /// Ids that have a record, ended orders among them, as [`unlisted_orders`](Self::strays) does.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn recorded_orders(&self, cursor: &mut u64) -> Result<Vec<String>, QueueError> {
        let keys = &self.handle.keys;
        let mut scan = redis::cmd("SCAN");
        scan.arg(*cursor)
            .arg("MATCH")
            .arg(keys.every_order())
            .arg("COUNT")
            .arg(500);
        let answer = self.handle.connection.where_is(&keys.jobs, &scan).await?;
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
