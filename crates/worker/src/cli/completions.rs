use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, reflow::reflow_help};
use crate::terminal::{CommandResult, stdout::stdout};

/// Print shell completions: worker completions bash > /etc/bash_completion.d/worker
#[derive(Clone, Debug, Args)]
pub(super) struct Completions {
    shell: Shell,
}

impl Completions {
    pub(super) fn execute(self) -> CommandResult {
        // To memory first: the library panics if it cannot write.
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut reflow_help(Cli::command()),
            "worker",
            &mut script,
        );
        stdout().write_all(&script)?;
        Ok(true)
    }
}
