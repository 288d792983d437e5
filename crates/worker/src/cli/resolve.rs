use clap::{Args, ValueEnum};
use hp_order::Resolution;

use super::args::{Json, OneOrder, Operator, parse_words};
use crate::{
    config::Config,
    operator::{Attribution, resolve::resolve},
    terminal::CommandResult,
};

/// Decide an order in review, if HitPoints' record permits it
///
///   worker resolve A-1001 --as completed --why "record corrected, ticket 42"
///   worker resolve A-1001 --as not-charged --why "customer cancelled"
///   worker resolve A-1001 --as resubmit --why "never arrived, ticket 42"
///   worker resolve A-1001 --as closed --why "HitPoints refunds it, ticket 42"
///
/// completed: only if HitPoints has a record that matches the order. With it you assert that the record belongs to the
/// order, even if it is older: the shop gets its cards. not-charged, resubmit: only if HitPoints has no record, which
/// is certain only after retry.resubmit_after has passed since the last submission. resubmit: not after the order's
/// deadline; retry.give_up_after starts again. closed: only if HitPoints has a record that does not fit the order, or
/// refuses to give the record of this order alone (HTTP 403). The shop gets status failed, reason closed, and what is
/// known. HitPoints may have charged something: clarify that first. The history of the order stores who decided and
/// why.
///
/// Exit codes: 0: resolved. 1: HitPoints' record does not permit it, or the order is not in review. 2: failed.
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Resolve {
    #[command(flatten)]
    order: OneOrder,
    /// The decision.
    #[arg(long = "as", value_name = "WHAT")]
    decision: Decision,
    /// The reason. The history of the order stores it.
    #[arg(long, alias = "reason", value_name = "TEXT", value_parser = parse_words)]
    why: String,
    #[command(flatten)]
    operator: Operator,
    #[command(flatten)]
    output: Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Decision {
    /// The order was charged.
    Completed,
    /// The order was not charged, and the shop no longer wants it.
    NotCharged,
    /// The order was not charged: submit it again.
    Resubmit,
    /// HitPoints' record does not fit the order: end it without cards.
    Closed,
}

impl From<Decision> for Resolution {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Completed => Self::Completed,
            Decision::NotCharged => Self::NotCharged,
            Decision::Resubmit => Self::Resubmit,
            Decision::Closed => Self::Closed,
        }
    }
}

impl Resolve {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        let attribution = Attribution {
            by: self.operator.name()?,
            why: Some(self.why),
        };
        let (id, resolution) = (&self.order.id, self.decision.into());
        let as_json = self.output.json;
        Box::pin(resolve(config, id, resolution, &attribution, as_json)).await
    }
}
