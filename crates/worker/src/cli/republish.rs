use clap::Args;

use super::args::{JsonLines, OptionalReason, SeveralOrders};
use crate::{config::Config, operator::republish::republish, terminal::CommandResult};

/// Publish the results of ended orders again, with the cards from HitPoints' record
///
///   worker republish A-1001 --why "the shop lost it"
///
/// Exit codes: 0: all results were republished, or a worker will do it. 1: at least one was not. 2: failed.
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Republish {
    #[command(flatten)]
    orders: SeveralOrders,
    #[command(flatten)]
    reason: OptionalReason,
    #[command(flatten)]
    output: JsonLines,
}

impl Republish {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        let attribution = self.reason.attribution()?;
        let (ids, as_json) = (&self.orders.ids, self.output.json);
        Box::pin(republish(config, ids, &attribution, as_json)).await
    }
}
