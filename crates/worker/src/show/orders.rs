use std::time::Duration;

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use hp_order::{Millis, State};
use hp_queue::{OpenOrderScan, OrderSnapshot};
use serde::Serialize;

use super::{Shown, length, table::Table};
use crate::{
    config::Config,
    out::{escape_control, outln},
};

/// Which orders to list.
#[derive(Clone, Debug, Args)]
pub(crate) struct Filter {
    /// Only orders in this state; may be given again. Ended ones are listed only where their state is named.
    #[arg(long = "state", value_name = "STATE", value_parser = state())]
    states: Vec<State>,
    /// Only orders that were admitted longer ago than this, such as 10m.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    older_than: Option<Duration>,
    /// Only orders whose cause, reason or code is this word, such as lost, refused or 400113.
    #[arg(long, value_name = "WORD")]
    reason: Option<String>,
    /// No more than so many; else the first thousand.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Print a JSON object for each order, a line each.
    #[arg(long)]
    json: bool,
}

/// An order in a list.
#[derive(Debug, Serialize)]
pub(super) struct Listed {
    order_id: String,
    product_id: u64,
    quantity: u32,
    state: &'static str,
    cause: Option<&'static str>,
    reason: Option<&'static str>,
    code: Option<i64>,
    attempts: u32,
    checks: u32,
    crashes: u32,
    /// Unix ms, as all times here.
    accepted_at: u64,
    updated_at: Option<u64>,
    finished_at: Option<u64>,
    due_at: Option<u64>,
    in_hand: bool,
    message: Option<String>,
}

const PAGE: usize = 256;
const LIMIT: usize = 1000;
const HEAD: [&str; 8] = [
    "order", "state", "product", "cards", "age", "attempts", "due in", "why",
];

fn state() -> impl TypedValueParser<Value = State> {
    PossibleValuesParser::new(State::ALL.map(State::as_str)).try_map(|word| word.parse::<State>())
}

/// `worker orders`.
pub(crate) async fn orders(config: &Config, filter: Filter) -> Shown {
    let inspector = config.inspector()?;
    let now = inspector.now().await?;
    let until = now.before(filter.older_than.unwrap_or_default());
    let (mut walk, mut cursor, mut listed) = (OpenOrderScan::default(), 0, 0);
    let mut all_readable = true;
    let of_ended = filter.states.iter().any(|state| state.has_ended());
    let mut table = Table::new(&HEAD);
    let (limit, mut is_cut) = (filter.limit.unwrap_or(LIMIT), false);
    loop {
        let ids = if of_ended {
            inspector.recorded_orders(&mut cursor).await?
        } else {
            inspector.open_orders(&mut walk, until, PAGE).await?
        };
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut rows = Vec::new();
        for looked in inspector.snapshot(&ids).await? {
            match looked {
                Ok(looked) if filter.takes(&looked, until) => {
                    is_cut = listed == limit;
                    if !is_cut {
                        listed += 1;
                        rows.push(Listed::of(&looked));
                    }
                }
                Ok(_) => {}
                Err((id, why)) => {
                    all_readable = false;
                    let why = escape_control(&why);
                    eprintln!("worker: the record of {id} cannot be read: {why}");
                }
            }
        }
        if filter.json {
            for row in &rows {
                outln!("{}", serde_json::to_string(row)?)?;
            }
        } else {
            let rows: Vec<_> = rows.iter().map(|row| row.cells(now)).collect();
            table.print(&rows)?;
        }
        let is_last = if of_ended {
            cursor == 0
        } else {
            ids.is_empty()
        };
        if is_last || is_cut {
            break;
        }
    }
    if is_cut && filter.limit.is_none() {
        eprintln!("worker: there are more than {listed}: --limit N for N of them");
    }
    Ok(all_readable)
}

impl Filter {
    fn takes(&self, looked: &OrderSnapshot, until: Millis) -> bool {
        let record = &looked.record;
        let is_of_state = self.states.is_empty() || self.states.contains(&record.state);
        let why = |word: &String| {
            let listed = Listed::of(looked);
            listed.cause == Some(word)
                || listed.reason == Some(word)
                || listed.code.is_some_and(|code| code.to_string() == *word)
        };
        is_of_state && record.accepted_at <= until && self.reason.as_ref().is_none_or(why)
    }
}

impl Listed {
    pub(super) fn of(looked: &OrderSnapshot) -> Self {
        let record = &looked.record;
        let reason = match (record.failed, record.rejected) {
            (Some((reason, _)), _) => Some(reason.as_str()),
            (_, rejected) => rejected.map(hp_order::Rejection::as_str),
        };
        Self {
            order_id: record.wanted.order_id.to_string(),
            product_id: record.wanted.product_id.get(),
            quantity: record.wanted.quantity.get(),
            state: record.state.as_str(),
            cause: record.cause.map(hp_order::Cause::as_str),
            reason,
            code: record.code,
            attempts: record.attempts,
            checks: record.checks,
            crashes: record.crashes,
            accepted_at: record.accepted_at.0,
            updated_at: looked.updated_at.map(|at| at.0),
            finished_at: looked.finished_at.map(|at| at.0),
            due_at: record.due_at.map(|at| at.0),
            in_hand: looked.is_claimed,
            message: record.message.clone(),
        }
    }

    fn cells(&self, now: Millis) -> Vec<String> {
        let due = match self.due_at {
            _ if self.in_hand => "in hand".into(),
            Some(at) => length(Millis(at).since(now)),
            None => String::new(),
        };
        let code = self.code.map(|code| code.to_string());
        let why = [
            self.cause.map(Into::into),
            self.reason.map(Into::into),
            code,
            self.message.clone(),
        ];
        vec![
            self.order_id.clone(),
            self.state.into(),
            self.product_id.to_string(),
            self.quantity.to_string(),
            length(now.since(Millis(self.accepted_at))),
            self.attempts.to_string(),
            due,
            why.into_iter().flatten().collect::<Vec<_>>().join(" "),
        ]
    }
}
