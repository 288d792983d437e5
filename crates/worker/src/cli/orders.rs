use std::time::Duration;

use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use hp_order::State;

use super::args::JsonLines;
use crate::{
    config::Config,
    inspect::orders::{OrderFilter, list_orders},
    terminal::CommandResult,
};

/// List orders: open ones, or those in the states that you name
///
///   worker orders --state review
///   worker orders --older-than 10m --reason lost
///   worker orders --state failed --json | jq .reason
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
            reason: self.reason,
            limit: self.limit,
        };
        list_orders(config, &filter, self.output.json).await
    }
}
