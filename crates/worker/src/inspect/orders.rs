use hp_queue::Inspector;

use super::{
    order_filter::OrderFilter,
    order_pages::{Page, Pages},
    row::{HEAD, OrderRow},
};
use crate::{
    config::Config,
    obstacle::{Facts, of_order},
    terminal::{
        CommandResult, errln, escape_control, format::count, outln, stdout::is_stdout_gone,
        table::Table,
    },
};

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
        let waiting = match facts.status.new {
            0 => String::new(),
            new => format!(
                "; {} in the inbox",
                count(new, "entry waits", "entries wait")
            ),
        };
        outln!("{}{waiting}", filter.nothing())?;
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
