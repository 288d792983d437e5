use std::collections::BTreeMap;

use hp_order::Millis;
use hp_queue::{Inspector, OpenOrderScan, OrderSnapshot, QueueError};

use super::order_filter::{OrderFilter, Period, time_of};

const PAGE: usize = 256;

/// Orders, and the records that cannot be read: their ids, and why.
pub(super) type Page = Vec<Result<OrderSnapshot, (String, String)>>;

/// Reads orders page by page. Open orders come oldest first. If ended orders are wanted, too, the newest come first.
pub(super) struct Pages<'a> {
    inspector: &'a Inspector,
    filter: &'a OrderFilter,
    period: Period,
    limit: usize,
    scan: OpenOrderScan,
    is_over: bool,
}

impl<'a> Pages<'a> {
    pub(super) fn new(
        inspector: &'a Inspector,
        filter: &'a OrderFilter,
        period: Period,
        limit: usize,
    ) -> Self {
        Self {
            inspector,
            filter,
            period,
            limit,
            scan: OpenOrderScan::default(),
            is_over: false,
        }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Page>, QueueError> {
        if self.is_over {
            return Ok(None);
        }
        if self.filter.states.iter().any(|state| state.has_ended()) {
            self.is_over = true;
            return self.newest().await.map(Some);
        }
        let (scan, until) = (&mut self.scan, self.period.admitted_until);
        let ids = self.inspector.open_orders(scan, until, PAGE).await?;
        self.is_over = ids.is_empty();
        self.read(&ids).await.map(Some)
    }

    /// Redis has no index of the ended orders, so this reads all records and keeps the newest that match: one more than the
    /// limit, which shows that there are more.
    async fn newest(&self) -> Result<Page, QueueError> {
        let (mut newest, mut unreadable, mut cursor) = (BTreeMap::new(), Page::new(), 0);
        loop {
            let ids = self.inspector.recorded_orders(&mut cursor).await?;
            for read in self.read(&ids).await? {
                match read {
                    Ok(snapshot) if self.filter.matches(&snapshot, self.period) => {
                        keep_newest(&mut newest, snapshot, self.limit.saturating_add(1));
                    }
                    Ok(_) => {}
                    Err(error) => unreadable.push(Err(error)),
                }
            }
            if cursor == 0 {
                break;
            }
        }
        let newest = newest.into_values().rev().map(Ok);
        Ok(unreadable.into_iter().chain(newest).collect())
    }

    async fn read(&self, ids: &[String]) -> Result<Page, QueueError> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.inspector.snapshot(&ids).await
    }
}

/// Adds an order, which a scan may give twice, and drops the oldest one above the limit.
fn keep_newest(
    newest: &mut BTreeMap<(Millis, String), OrderSnapshot>,
    snapshot: OrderSnapshot,
    limit: usize,
) {
    let id = snapshot.record.wanted.order_id.to_string();
    newest.insert((time_of(&snapshot), id), snapshot);
    if newest.len() > limit {
        newest.pop_first();
    }
}
