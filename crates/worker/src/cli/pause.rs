use clap::Args;

use super::args::{Operator, parse_words};
use crate::{config::Config, operator::queue::pause, terminal::CommandResult};

/// Pause the queue: no worker claims orders.
///
/// Workers finish what they have begun.
///
/// Exit codes: 0: paused. 1: it was paused already, and the first reason stays. 2: failed.
#[derive(Clone, Debug, Args)]
pub(super) struct Pause {
    /// The reason, for others who find the queue paused.
    #[arg(long, value_name = "TEXT", value_parser = parse_words)]
    why: String,
    #[command(flatten)]
    operator: Operator,
}

impl Pause {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        pause(config, &self.why, &self.operator.name()?).await
    }
}
