use clap::Args;

use super::args::{Json, OneOrder};
use crate::{config::Config, inspect::vendor::show_record, terminal::CommandResult};

/// Show HitPoints' record of an order, without card keys.
///
/// Exit codes: 0: shown. 1: HitPoints has no such record. 2: failed.
#[derive(Clone, Debug, Args)]
pub(super) struct Record {
    #[command(flatten)]
    order: OneOrder,
    #[command(flatten)]
    output: Json,
}

impl Record {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        show_record(config, &self.order.id, self.output.json).await
    }
}
