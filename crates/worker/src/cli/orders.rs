use std::time::Duration;

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use hp_api::ProductId;
use hp_order::State;

use super::args::JsonLines;
use crate::{
    config::Config,
    inspect::{order_filter::OrderFilter, orders::list_orders, time_bound::TimeBound},
    terminal::CommandResult,
};

/// List orders: open ones, or those in the states that you name
///
///   worker orders --state review
///   worker orders --older-than 10m --reason lost
///   worker orders --state completed --limit 3
///   worker orders --state failed --since 24h --product 2 --json | jq .reason
///
/// The column `why` begins with what keeps the order from going on at present; `worker help reasons` explains its words.
/// Open orders come oldest first. A list with ended orders has the newest first, and reads all records for it.
///
/// Exit codes: 0: listed. 1: a record cannot be read. 2: failed.
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Orders {
    /// Only orders in this state. May be given several times. Lists ended orders only if you name their state.
    #[arg(long = "state", value_name = "STATE", value_parser = state())]
    states: Vec<State>,
    /// Only orders that were admitted longer ago than this, such as 10m.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    older_than: Option<Duration>,
    /// Only orders since this time: 24h ago, a day (2026-12-31) or a time (2026-12-31T18:00:00Z). It is compared with the time of
    /// an order's end or, while it is open, of its admission.
    #[arg(long, value_name = "TIME")]
    since: Option<TimeBound>,
    /// Only orders until this time, as for --since.
    #[arg(long, value_name = "TIME")]
    until: Option<TimeBound>,
    /// Only orders of this product. May be given several times.
    #[arg(long = "product", visible_alias = "product-id", value_name = "N")]
    products: Vec<ProductId>,
    /// Only orders with this cause, reason or code, such as lost, refused or 400113.
    #[arg(long, value_name = "WORD")]
    reason: Option<String>,
    /// The most orders to list [default: 1000].
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    output: JsonLines,
}

fn state() -> impl TypedValueParser<Value = State> {
    PossibleValuesParser::new(State::ALL.map(State::as_str)).try_map(|word| word.parse::<State>())
}

impl Orders {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        let filter = OrderFilter {
            states: self.states,
            older_than: self.older_than,
            since: self.since,
            until: self.until,
            products: self.products,
            reason: self.reason,
            limit: self.limit,
        };
        list_orders(config, &filter, self.output.json).await
    }
}
