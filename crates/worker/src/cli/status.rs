use clap::Args;

use super::args::Json;
use crate::{config::Config, inspect::status::show_status, terminal::CommandResult};

/// Show the state of the queue.
///
/// Orders by state, the oldest order, pause, breaker, balance holds, rate, workers, last reconciliation run.
///
/// Exit codes: 0: the queue is not paused. 1: the queue is paused. 2: failed.
#[derive(Clone, Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    output: Json,
}

impl Status {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        show_status(config, self.output.json).await
    }
}
