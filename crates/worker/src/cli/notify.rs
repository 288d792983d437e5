use clap::{Args, Subcommand};

use super::args::Json;
use crate::{config::Config, notify::send_test, random::Random, terminal::CommandResult};

/// Check that notifications arrive.
///
/// While notify.url is set, one of the workers POSTs each event of `worker events` to it. docs/notifications.md describes the
/// messages.
#[derive(Clone, Debug, Args)]
pub(super) struct Notify {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Send one test message now, and show what the receiver answers. Needs neither Redis nor HitPoints.
    ///
    /// Exit codes: 0: the receiver has accepted it. 1: the receiver has refused it. 2: failed: no receiver is set, or it does
    /// not answer.
    Test(Json),
}

impl Notify {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        let Action::Test(output) = self.action;
        send_test(config, output.json, &Random::from_entropy()).await
    }
}
