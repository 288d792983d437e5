use clap::Args;

use super::args::Json;
use crate::{
    config::Config,
    inspect::{status::show_status, watch::watch_status},
    terminal::CommandResult,
};

/// Show the state of the queue, and what keeps orders from going on.
///
/// Which queue, Redis and account it is. Then each obstacle, with what to do next: Redis is full or refuses writes, the queue
/// is paused, no worker is alive while orders wait, HitPoints does not answer, a balance is low, orders need review. Then orders
/// by state, the oldest order, pause, breaker, balance holds, rate, workers, last reconciliation run. `worker help reasons`
/// explains each word.
///
/// Exit codes: 0: nothing needs an operator. 1: an obstacle does. 2: failed.
#[derive(Clone, Debug, Args)]
pub(super) struct Status {
    /// Show the status on the whole screen, and again each second, with orders a second over the last ten seconds. Ctrl-C ends it.
    /// With --json: an object a line, each second.
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    output: Json,
}

impl Status {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        if self.watch {
            return Box::pin(watch_status(config, self.output.json)).await;
        }
        show_status(config, self.output.json).await
    }
}
