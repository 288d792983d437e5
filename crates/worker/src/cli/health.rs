use clap::Args;

use super::args::Json;
use crate::{
    config::Config,
    health::command::{Wanted, show_health},
    terminal::CommandResult,
};

/// Check whether the worker on this machine lives and is ready
///
/// For the health check of a container, and for you. It asks the process that runs with the same settings, at admin.listen
/// and with admin.token. A worker lives if its poller goes on: it has looked for orders within the last minute, or waits for
/// a free slot. It is ready if it has joined the queue, Redis answers, its account and its rules match the queue, and it is
/// not stopping. Nothing calls HitPoints. `worker status` shows the whole queue.
///
///   worker health --live      for what restarts a worker
///   worker health --ready     for what waits for a worker
///
/// Exit codes: 0: all is well. 1: something is not, or the worker does not answer. 2: the settings or the arguments are
/// wrong, for example because admin.listen is empty.
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Health {
    /// Only check whether it lives. A worker that does not needs a restart.
    #[arg(long, conflicts_with = "ready")]
    live: bool,
    /// Only check whether it is ready. A worker that is not may only wait for Redis: do not restart it for that.
    #[arg(long)]
    ready: bool,
    #[command(flatten)]
    output: Json,
}

impl Health {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        let wanted = Wanted {
            live: !self.ready,
            ready: !self.live,
        };
        show_health(config, wanted, self.output.json).await
    }
}
