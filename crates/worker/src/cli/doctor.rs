use clap::Args;

use super::args::JsonLines;
use crate::{config::Config, doctor, terminal::CommandResult};

/// Check everything that the worker depends on, and say what to do.
///
/// Redis: connection, version, role, run id, append-only file and fsync, memory and its policy, replicas, a write, clock,
/// prefix. The queue: what keeps orders from going on, lost entries of the inbox, account and rules. HitPoints: whether it
/// answers, credentials, clock, and its answer for an order that does not exist. Changes no order and buys nothing.
///
/// Exit codes: 0: no check is bad. 1: at least one is bad, also if the queue is paused or orders need review. 2: failed.
#[derive(Clone, Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    output: JsonLines,
}

impl Doctor {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        doctor::check(config, self.output.json).await
    }
}
