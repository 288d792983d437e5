use clap::Args;

use crate::{
    config::Config,
    terminal::{CommandResult, outln},
};

/// Check the configuration, and print the settings in force with secrets hidden.
///
/// Exit codes: 0: valid. 1: invalid.
#[derive(Clone, Debug, Args)]
pub(super) struct ShowConfig {}

impl ShowConfig {
    pub(super) fn execute(config: &Config) -> CommandResult {
        config.client()?;
        config.redis()?;
        outln!("{config}")?;
        Ok(true)
    }
}
