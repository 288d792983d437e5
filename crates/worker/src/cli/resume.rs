use clap::Args;

use super::args::Operator;
use crate::{config::Config, operator::queue::resume, terminal::CommandResult};

/// Resume a paused queue.
///
/// A worker pauses the queue for all workers when its account fails, for example because of a wrong secret. The reason is
/// in its log and in {hp}:paused. Fix it first.
///
/// Exit codes: 0: the queue is not paused any more. 2: failed.
#[derive(Clone, Debug, Args)]
pub(super) struct Resume {
    #[command(flatten)]
    operator: Operator,
}

impl Resume {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        resume(config, &self.operator.name()?).await
    }
}
