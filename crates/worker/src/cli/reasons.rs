use clap::Args;

use super::args::JsonLines;
use crate::{
    reasons,
    terminal::{CommandResult, outln},
};

/// Explain every word that orders, status and results show, and say what to do
///
///   worker reasons
///   worker reasons misfit
///
/// Exit codes: 0: printed. 1: there is no such word.
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment, after_long_help = reasons::help())]
pub(super) struct Reasons {
    /// The word to explain [default: all].
    #[arg(value_name = "WORD")]
    word: Option<String>,
    /// Print the table as Markdown.
    #[arg(long, hide = true)]
    markdown: bool,
    #[command(flatten)]
    output: JsonLines,
}

impl Reasons {
    pub(super) fn execute(self) -> CommandResult {
        if self.markdown {
            outln!("{}", reasons::markdown().trim_end())?;
            return Ok(true);
        }
        reasons::print(self.word.as_deref(), self.output.json)
    }
}
