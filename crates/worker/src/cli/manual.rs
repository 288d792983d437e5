//! What shells and `man` know of the command line.

use std::{
    error::Error,
    io::{self, Write},
    path::Path,
};

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// `worker completions`.
pub(crate) fn completions(shell: Shell) -> io::Result<()> {
    // Into memory first: the library panics where it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "worker", &mut script);
    io::stdout().write_all(&script)
}

/// `worker man`: the first page, or all of them as files.
pub(crate) fn pages(folder: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let command = Cli::command().name("worker");
    match folder {
        None => clap_mangen::Man::new(command).render(&mut io::stdout())?,
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            clap_mangen::generate_to(command, folder)?;
        }
    }
    Ok(())
}
