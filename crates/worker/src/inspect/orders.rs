use std::time::Duration;

use hp_api::ProductId;
use hp_order::{Millis, State};
use hp_queue::OrderSnapshot;

use super::{
    order_pages::{Page, Pages},
    row::{HEAD, OrderRow},
    time_bound::TimeBound,
};
use crate::{
    config::Config,
    terminal::{CommandResult, errln, escape_control, outln, stdout::is_stdout_gone, table::Table},
};

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

/// The most orders to list if the filter sets no limit.
const DEFAULT_LIMIT: usize = 1000;

/// Lists orders. Returns `false` if a record cannot be read.
pub(crate) async fn list_orders(
    config: &Config,
    filter: &OrderFilter,
    as_json: bool,
) -> CommandResult {
    let inspector = config.inspector().await?;
    let now = inspector.now().await?;
    let period = filter.period(now);
    let limit = filter.limit.unwrap_or(DEFAULT_LIMIT);
    let mut pages = Pages::new(&inspector, filter, period, limit);
    let mut table = Table::new(&HEAD);
    let (mut listed, mut all_readable) = (0, true);
    while let Some(page) = pages.next().await? {
        all_readable &= report_unreadable(&page);
        let matching = page
            .iter()
            .flatten()
            .filter(|snapshot| filter.matches(snapshot, period));
        let rows: Vec<OrderRow> = matching.map(OrderRow::from).collect();
        let is_cut = rows.len() > limit - listed;
        let rows = &rows[..rows.len().min(limit - listed)];
        listed += rows.len();
        if as_json {
            for row in rows {
                outln!("{}", serde_json::to_string(row)?)?;
            }
        } else {
            let rows: Vec<_> = rows.iter().map(|row| row.cells(now)).collect();
            table.print(&rows)?;
        }
        if is_cut {
            if filter.limit.is_none() {
                errln!(
                    "worker: there are more than {listed} orders. Use --limit N to list N of them"
                );
            }
            break;
        }
        if is_stdout_gone() {
            break;
        }
    }
    Ok(all_readable)
}

fn report_unreadable(page: &Page) -> bool {
    let mut all_readable = true;
    for (id, error) in page.iter().filter_map(|read| read.as_ref().err()) {
        all_readable = false;
        let error = escape_control(error);
        errln!("worker: cannot read the record of {id}: {error}");
    }
    all_readable
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
    fn period(&self, now: Millis) -> Period {
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
