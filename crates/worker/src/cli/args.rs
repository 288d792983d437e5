//! Arguments that several subcommands share.

use std::path::PathBuf;

use clap::Args;
use hp_api::OrderId;

use crate::{operator::Attribution, producer::result_printer::ResultOutput};

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
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    #[command(flatten)]
    operator: Operator,
}

impl From<OptionalReason> for Attribution {
    fn from(args: OptionalReason) -> Self {
        Self {
            by: args.operator.name(),
            why: args.why,
        }
    }
}

/// Who decides.
#[derive(Clone, Debug, Args)]
pub(super) struct Operator {
    /// Your name for the history of the order [default: the user of this machine].
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl Operator {
    pub(super) fn name(self) -> String {
        self.by.unwrap_or_else(user)
    }
}

/// The user of this machine.
pub(super) fn user() -> String {
    std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_else(|_| "unknown".into())
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
            file: args.out,
            json: args.json,
        }
    }
}
