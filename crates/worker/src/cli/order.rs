use clap::Args;

use super::args::{Json, OneOrder};
use crate::{config::Config, inspect::order::show_order, terminal::CommandResult};

/// Show an order's ledger record and its history: every claim and its outcome.
///
/// The line `why` says what keeps the order from going on, and the last line what to do next.
///
/// Exit codes: 0: shown. 1: there is no such order. 2: failed.
#[derive(Clone, Debug, Args)]
pub(super) struct ShowOrder {
    #[command(flatten)]
    order: OneOrder,
    #[command(flatten)]
    output: Json,
}

impl ShowOrder {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        show_order(config, &self.order.id, self.output.json).await
    }
}
