use std::time::Duration;

use hp_api::ProductId;
use hp_order::{Millis, State};
use hp_queue::OrderSnapshot;

use super::{row::OrderRow, time_bound::TimeBound};

/// Which orders to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrderFilter {
    /// Orders in one of these states. Empty: open orders.
    pub(crate) states: Vec<State>,
    /// Orders that were admitted longer ago than this.
    pub(crate) older_than: Option<Duration>,
    /// Orders that ended, or while they are open were admitted, at this time or later.
    pub(crate) since: Option<TimeBound>,
    /// Orders that ended, or while they are open were admitted, at this time or earlier.
    pub(crate) until: Option<TimeBound>,
    /// Orders of one of these products. Empty: of any.
    pub(crate) products: Vec<ProductId>,
    /// Orders with this cause, reason or code.
    pub(crate) reason: Option<String>,
    /// The most orders to list.
    pub(crate) limit: Option<usize>,
}

/// The times between which orders are listed.
#[derive(Clone, Copy)]
pub(super) struct Period {
    /// No order was admitted later.
    pub(super) admitted_until: Millis,
    since: Millis,
    until: Millis,
}

impl OrderFilter {
    /// Says that there is no such order.
    pub(super) fn nothing(&self) -> &'static str {
        let is_every_order = self.states.is_empty()
            && self.products.is_empty()
            && self.reason.is_none()
            && self.older_than.is_none()
            && self.since.is_none()
            && self.until.is_none();
        if is_every_order {
            "no order is open"
        } else {
            "there is no such order"
        }
    }

    pub(super) fn period(&self, now: Millis) -> Period {
        let at = |bound: Option<TimeBound>| bound.map(|bound| bound.at(now));
        Period {
            admitted_until: now.before(self.older_than.unwrap_or_default()),
            since: at(self.since).unwrap_or(Millis(0)),
            until: at(self.until).unwrap_or(Millis(u64::MAX)),
        }
    }

    pub(super) fn matches(&self, snapshot: &OrderSnapshot, period: Period) -> bool {
        let record = &snapshot.record;
        let has_state = self.states.is_empty() || self.states.contains(&record.state);
        let product = record.wanted.product_id;
        let has_product = self.products.is_empty() || self.products.contains(&product);
        has_state
            && has_product
            && record.accepted_at <= period.admitted_until
            && (period.since..=period.until).contains(&time_of(snapshot))
            && self.matches_reason(snapshot)
    }

    fn matches_reason(&self, snapshot: &OrderSnapshot) -> bool {
        let Some(word) = &self.reason else {
            return true;
        };
        let row = OrderRow::from(snapshot);
        row.cause == Some(word)
            || row.reason == Some(word)
            || row.code.is_some_and(|code| code.to_string() == *word)
    }
}

/// When the order ended or, while it is open, was admitted.
pub(super) fn time_of(snapshot: &OrderSnapshot) -> Millis {
    snapshot.finished_at.unwrap_or(snapshot.record.accepted_at)
}
