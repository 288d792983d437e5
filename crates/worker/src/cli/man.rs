use std::{fs, path::PathBuf};

use clap::{Args, CommandFactory};
use clap_mangen::{Man as Page, generate_to};

use super::{Cli, reflow::reflow_help};
use crate::terminal::{CommandResult, stdout::stdout};

/// Print the manual page, or write a page for each command into a folder.
#[derive(Clone, Debug, Args)]
pub(super) struct Man {
    /// The folder to write the pages to. The command creates it if it does not exist.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl Man {
    pub(super) fn execute(self) -> CommandResult {
        let command = reflow_help(Cli::command());
        match self.out {
            None => Page::new(command).render(&mut stdout())?,
            Some(folder) => {
                fs::create_dir_all(&folder)?;
                generate_to(command, folder)?;
            }
        }
        Ok(true)
    }
}
