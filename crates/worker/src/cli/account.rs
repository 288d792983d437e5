use clap::{Args, Subcommand};

use super::args::{Json, Operator, parse_words};
use crate::{
    config::Config,
    operator::account::{SwitchOptions, show, switch},
    terminal::{CommandError, CommandResult},
};

/// Show or switch the HitPoints account of the queue.
///
/// All workers of a queue use one account. The first `worker run` stores it in Redis, and every later process compares it
/// with its own settings.
#[derive(Clone, Debug, Args)]
pub(super) struct AccountCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Show the account of the queue.
    ///
    /// Exit codes: 0: shown. 2: failed.
    Show(Json),
    Switch(Switch),
}

/// Give the queue the account of these settings
///
///   worker pause --why "new contract"
///   HP_API__APP_ID=new HP_API__APP_SECRET_FILE=new-secret worker account switch --why "new contract"
///   worker resume
///
/// Workers with the old account claim no more orders from this moment on; restart them with the new settings. Orders that
/// are certainly not charged go on with the new account. Orders that may be charged on the old account prevent the switch,
/// because only that account has their records.
///
/// Exit codes: 0: switched. 1: not switched, because of the orders that are listed. 2: failed.
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment)]
struct Switch {
    /// The reason. The queue stores it, and so does the history of each order that moves to review.
    #[arg(long, value_name = "TEXT", value_parser = parse_words)]
    why: String,
    #[command(flatten)]
    operator: Operator,
    /// Move orders that may be charged on the old account to review. There, only an operator decides them, with
    /// `worker resolve` and the settings of the old account.
    #[arg(long)]
    move_to_review: bool,
    #[command(flatten)]
    output: Json,
}

impl AccountCommand {
    pub(super) fn is_show(&self) -> bool {
        matches!(self.action, Action::Show(_))
    }

    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        match self.action {
            Action::Show(output) => show(config, output.json).await,
            Action::Switch(command) => switch(config, &command.options()?).await,
        }
    }
}

impl Switch {
    fn options(self) -> Result<SwitchOptions, CommandError> {
        Ok(SwitchOptions {
            by: self.operator.name()?,
            why: self.why,
            move_to_review: self.move_to_review,
            json: self.output.json,
        })
    }
}
