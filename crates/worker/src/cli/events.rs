use clap::Args;

use super::args::JsonLines;
use crate::{config::Config, inspect::events::print_events, terminal::CommandResult};

/// List what an operator should know: orders in review, pauses, outages, low balances, differences, dead letters
///
///   worker events
///   worker events --follow --json | jq .event
///
/// Each event was stored together with the change that it reports, so none is missing. Redis keeps about the last 10,000.
///
/// Exit codes: 0: listed. 2: failed.
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Events {
    /// Keep reading as events happen.
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    output: JsonLines,
}

impl Events {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        print_events(config, self.follow, self.output.json).await
    }
}
