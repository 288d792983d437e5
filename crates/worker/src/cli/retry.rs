use clap::Args;

use super::args::{JsonLines, OptionalReason, SeveralOrders};
use crate::{config::Config, operator::retry::retry, terminal::CommandResult};

/// Retry orders now; those in review are queried again from scratch
///
///   worker retry A-1001 A-1002 --why "HitPoints has fixed it"
///
/// An order that waits for its balance tests whether the balance suffices again.
///
/// Exit codes: 0: all orders are due now. 1: at least one is not (it has ended, or a worker has claimed it). 2: failed.
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Retry {
    #[command(flatten)]
    orders: SeveralOrders,
    #[command(flatten)]
    reason: OptionalReason,
    #[command(flatten)]
    output: JsonLines,
}

impl Retry {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        retry(
            config,
            &self.orders.ids,
            &self.reason.attribution()?,
            self.output.json,
        )
        .await
    }
}
