use clap::Args;

use crate::{config::Config, run, telemetry, terminal::CommandResult};

/// Claim orders and buy cards until a signal.
///
/// At SIGTERM, SIGINT or SIGHUP the worker claims no more orders, finishes those that it has begun (for up to worker.drain) and
/// releases the rest. A second signal stops it at once; other workers claim its orders when their lease ends.
///
/// Exit codes: 0: stopped on request. 1: could not start, or stopped before all orders were settled. 2: refuses to run,
/// because Redis or the settings endanger orders: the queue has another account, or Redis is not safe. `worker doctor` says
/// more.
#[derive(Clone, Debug, Args)]
pub(super) struct Run {}

impl Run {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        telemetry::start(config)?;
        run::run(config).await?;
        Ok(true)
    }
}
