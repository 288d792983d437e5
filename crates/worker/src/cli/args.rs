//! Arguments that several subcommands share.

use std::path::PathBuf;

use clap::Args;
use hp_api::OrderId;

use crate::{
    operator::Attribution, producer::result_printer::ResultOutput, terminal::CommandError,
};

/// One order by its id.
#[derive(Clone, Debug, Args)]
pub(super) struct OneOrder {
    /// The shop's own id of the order.
    #[arg(value_name = "ID")]
    pub(super) id: OrderId,
}

/// Several orders by their ids.
#[derive(Clone, Debug, Args)]
pub(super) struct SeveralOrders {
    /// The shop's own ids of the orders.
    #[arg(value_name = "ID", required = true)]
    pub(super) ids: Vec<OrderId>,
}

/// Who decides, and why.
#[derive(Clone, Debug, Args)]
pub(super) struct OptionalReason {
    /// The reason. The history of the order stores it.
    #[arg(long, value_name = "TEXT", value_parser = parse_words)]
    why: Option<String>,
    #[command(flatten)]
    operator: Operator,
}

impl OptionalReason {
    pub(super) fn attribution(self) -> Result<Attribution, CommandError> {
        Ok(Attribution {
            by: self.operator.name()?,
            why: self.why,
        })
    }
}

/// Who decides.
#[derive(Clone, Debug, Args)]
pub(super) struct Operator {
    /// Your name, for others who look later [default: the user of this machine; required if it has none].
    #[arg(long, value_name = "NAME", value_parser = parse_words)]
    by: Option<String>,
}

impl Operator {
    pub(super) fn name(self) -> Result<String, CommandError> {
        let name = self.by.or_else(user);
        name.ok_or_else(|| "who are you? This machine knows no user: USER and LOGNAME are not set, and the user id has no name. Give your name with --by NAME".into())
    }
}

/// Reads a reason or a name: there must be something in it.
pub(super) fn parse_words(text: &str) -> Result<String, &'static str> {
    match text.trim() {
        "" => Err("write at least a word"),
        words => Ok(words.into()),
    }
}

/// The user of this machine, if it is known.
pub(super) fn user() -> Option<String> {
    let named = ["USER", "LOGNAME"].map(|name| std::env::var(name).ok());
    known_user(named, || {
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid());
        user.ok().flatten().map(|user| user.name)
    })
}

fn known_user(
    named: impl IntoIterator<Item = Option<String>>,
    of_user_id: impl FnOnce() -> Option<String>,
) -> Option<String> {
    let named = named.into_iter().flatten();
    named
        .map(|name| name.trim().to_owned())
        .find(|name| !name.is_empty())
        .or_else(of_user_id)
}

/// JSON output.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Json {
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// JSON output, an object a line.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct JsonLines {
    /// Print JSON, an object a line.
    #[arg(long)]
    pub(super) json: bool,
}

/// How results are printed.
#[derive(Clone, Debug, Args)]
pub(super) struct OutputArgs {
    /// Print card keys, too. Whoever has a key can use the card.
    #[arg(long)]
    pub(super) show_pins: bool,
    /// Open sealed cards with the private key in this file, which `worker keygen` has written. Can be repeated.
    #[arg(long, value_name = "FILE")]
    pub(super) open_with: Vec<PathBuf>,
    /// Append the results to this file as JSON, an object a line. Only its owner may read it (mode 600).
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Print JSON, an object a line.
    #[arg(long)]
    pub(super) json: bool,
}

impl From<OutputArgs> for ResultOutput {
    fn from(args: OutputArgs) -> Self {
        Self {
            show_pins: args.show_pins,
            open_with: args.open_with,
            file: args.out,
            json: args.json,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_user_names_are_unknown() {
        let text = |name: &str| Some(name.to_owned());
        let nobody = || None;
        assert_eq!(known_user([text("ada"), None], nobody), text("ada"));
        assert_eq!(known_user([text(" "), text("bob")], nobody), text("bob"));
        assert_eq!(known_user([text(""), None], || text("root")), text("root"));
        assert_eq!(known_user([text(""), None], nobody), None);
    }

    #[test]
    fn reason_needs_a_word() {
        assert_eq!(parse_words(" ticket 42 ").as_deref(), Ok("ticket 42"));
        assert!(parse_words(" ").is_err());
    }
}
