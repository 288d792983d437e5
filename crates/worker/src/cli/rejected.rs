use clap::{Args, Subcommand};

use super::args::JsonLines;
use crate::{config::Config, operator::dead_letters, terminal::CommandResult};

/// List, requeue or discard dead letters: inbox entries that name no usable order.
///
/// Exit codes: 0: done. 1: there is no such entry. 2: failed.
#[derive(Clone, Debug, Args)]
pub(super) struct Rejected {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// List dead letters, oldest first.
    List(JsonLines),
    /// Enqueue a dead letter again, unchanged or with corrected fields.
    ///
    ///   worker rejected requeue 1700000000000-0 --set order_id=A-1001
    #[command(verbatim_doc_comment)]
    Requeue(Requeue),
    /// Remove dead letters.
    ///
    ///   worker rejected discard 1700000000000-0
    ///   worker rejected discard --all
    ///
    /// --all asks first, and removes only what was there when it asked.
    ///
    /// Exit codes: 0: removed. 1: there is no such entry, or you did not confirm. 2: failed.
    #[command(verbatim_doc_comment)]
    Discard(Discard),
}

#[derive(Clone, Debug, Args)]
struct Requeue {
    /// The entry id in {hp}:rejected, as `list` shows it.
    #[arg(value_parser = parse_entry_id)]
    entry: String,
    /// A value that replaces the field's own. May be given several times.
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = parse_pair)]
    values: Vec<(String, String)>,
}

#[derive(Clone, Debug, Args)]
struct Discard {
    /// The entry ids in {hp}:rejected, as `list` shows them.
    #[arg(required_unless_present = "all", value_parser = parse_entry_id)]
    entries: Vec<String>,
    /// Remove all dead letters.
    #[arg(long, conflicts_with = "entries")]
    all: bool,
    /// Do not ask: for scripts.
    #[arg(long, requires = "all")]
    yes: bool,
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write FIELD=VALUE")?;
    Ok((name.into(), value.into()))
}

fn parse_entry_id(text: &str) -> Result<String, String> {
    let is_number = |part: &str| part.parse::<u64>().is_ok();
    match text.split_once('-') {
        Some((at, number)) if is_number(at) && is_number(number) => Ok(text.into()),
        _ => Err("copy the id from `worker rejected list`, such as 1700000000000-0".into()),
    }
}

impl Rejected {
    pub(super) fn is_list(&self) -> bool {
        matches!(self.action, Action::List(_))
    }

    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        match self.action {
            Action::List(output) => dead_letters::list(config, output.json).await,
            Action::Requeue(Requeue { entry, values }) => {
                dead_letters::requeue(config, &entry, &values).await
            }
            Action::Discard(Discard { all: true, yes, .. }) => {
                dead_letters::discard_all(config, yes).await
            }
            Action::Discard(Discard { entries, .. }) => {
                dead_letters::discard(config, &entries).await
            }
        }
    }
}
