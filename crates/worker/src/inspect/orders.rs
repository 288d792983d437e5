use std::time::Duration;

use hp_order::{Millis, State};
use hp_queue::{Inspector, OpenOrderScan, OrderSnapshot, QueueError};

use super::row::{HEAD, OrderRow};
use crate::{
    config::Config,
    obstacle::{Facts, of_order},
    terminal::{CommandResult, errln, escape_control, outln, stdout::is_stdout_gone, table::Table},
};

/// Which orders to list.
#[derive(Clone, Debug, Default)]
pub(crate) struct OrderFilter {
    /// Orders in one of these states. Empty: open orders.
    pub(crate) states: Vec<State>,
    /// Orders that were admitted longer ago than this.
    pub(crate) older_than: Option<Duration>,
    /// Orders with this cause, reason or code.
    pub(crate) reason: Option<String>,
    /// The most orders to list.
    pub(crate) limit: Option<usize>,
}

const PAGE: usize = 256;
/// The most orders to list if the filter sets no limit.
const DEFAULT_LIMIT: usize = 1000;

/// Lists orders. Returns `false` if a record cannot be read.
pub(crate) async fn list_orders(
    config: &Config,
    filter: &OrderFilter,
    as_json: bool,
) -> CommandResult {
    let (handle, _) = config.handle_with_terms().await?;
    let facts = Facts::read(&handle).await?;
    let inspector = Inspector::new(handle);
    let now = facts.now();
    let until = now.before(filter.older_than.unwrap_or_default());
    let limit = filter.limit.unwrap_or(DEFAULT_LIMIT);
    let mut pages = Pages::new(&inspector, filter, until);
    let mut table = Table::new(&HEAD);
    let (mut listed, mut all_readable) = (0, true);
    while let Some(page) = pages.next().await? {
        all_readable &= report_unreadable(&page);
        let matching = page
            .iter()
            .flatten()
            .filter(|snapshot| filter.matches(snapshot, until));
        let rows: Vec<OrderRow> = matching
            .map(|snapshot| OrderRow::new(snapshot, of_order(&facts, snapshot).as_ref()))
            .collect();
        let is_cut = rows.len() > limit - listed;
        let rows = &rows[..rows.len().min(limit - listed)];
        listed += rows.len();
        if as_json {
            for row in rows {
                outln!("{}", serde_json::to_string(row)?)?;
            }
        } else if !rows.is_empty() {
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
    if listed == 0 && all_readable && !as_json {
        outln!("{}", filter.nothing())?;
    }
    Ok(all_readable)
}

type Page = Vec<Result<OrderSnapshot, (String, String)>>;

/// Reads orders page by page: open orders by age, or all records if ended orders are wanted, too.
struct Pages<'a> {
    inspector: &'a Inspector,
    includes_ended: bool,
    until: Millis,
    scan: OpenOrderScan,
    cursor: u64,
    is_over: bool,
}

impl<'a> Pages<'a> {
    fn new(inspector: &'a Inspector, filter: &OrderFilter, until: Millis) -> Self {
        Self {
            inspector,
            includes_ended: filter.states.iter().any(|state| state.has_ended()),
            until,
            scan: OpenOrderScan::default(),
            cursor: 0,
            is_over: false,
        }
    }

    async fn next(&mut self) -> Result<Option<Page>, QueueError> {
        if self.is_over {
            return Ok(None);
        }
        let ids = if self.includes_ended {
            let ids = self.inspector.recorded_orders(&mut self.cursor).await?;
            self.is_over = self.cursor == 0;
            ids
        } else {
            let scan = &mut self.scan;
            let ids = self.inspector.open_orders(scan, self.until, PAGE).await?;
            self.is_over = ids.is_empty();
            ids
        };
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.inspector.snapshot(&ids).await.map(Some)
    }
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

impl OrderFilter {
    /// Says that there is no such order.
    fn nothing(&self) -> &'static str {
        match (&self.states[..], self.older_than, &self.reason) {
            ([], None, None) => "no order is open",
            _ => "there is no such order",
        }
    }

    fn matches(&self, snapshot: &OrderSnapshot, until: Millis) -> bool {
        let record = &snapshot.record;
        let has_state = self.states.is_empty() || self.states.contains(&record.state);
        has_state && record.accepted_at <= until && self.matches_reason(snapshot)
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
