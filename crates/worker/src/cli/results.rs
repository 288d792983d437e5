use clap::Args;
use hp_queue::ResultStream;

use super::args::{OutputArgs, user};
use crate::{
    config::Config,
    producer::results::{Consumer, ResultSelection, print_results},
    terminal::CommandResult,
};

/// Read results, as any shop does (needs Redis, but no HitPoints account)
///
///   worker results                                 all stored results; acknowledges none
///   worker results --follow --json | jq .status
///   worker results --group shop --consumer till-1 --show-pins --out cards.ndjson
///   worker results --open-with shop.key --show-pins
///
/// With --group the command reads as a consumer of this group, and acknowledges results that it has printed or written to
/// disk. They stay in the stream for results.retention: you can read them again without --group. Card keys are hidden
/// unless you give --show-pins. Sealed cards are opened with --open-with: see `worker keygen`.
///
/// Exit codes: 0: read. 1: some entries cannot be read (and are not acknowledged). 2: failed.
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Results {
    /// Keep reading as results are published.
    #[arg(long)]
    follow: bool,
    /// Read for this consumer group, and acknowledge what was printed. Creates the group if there is none.
    #[arg(long, value_name = "G")]
    group: Option<String>,
    /// The name of the consumer in the group [default: the user of this machine].
    #[arg(long, value_name = "C", requires = "group")]
    consumer: Option<String>,
    /// Read {hp}:results:NAME, the reply_to of its jobs, in place of {hp}:results.
    #[arg(long, value_name = "NAME")]
    reply_to: Option<ResultStream>,
    /// The most results to read.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Two consumers of one name would acknowledge each other's results.
const NO_CONSUMER: &str = "give the name of the consumer with --consumer: this machine knows no user, USER and LOGNAME are not set, and the user id has no name";

impl Results {
    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        let consumer = match self.group {
            None => None,
            Some(group) => Some(Consumer {
                group,
                name: self.consumer.or_else(user).ok_or(NO_CONSUMER)?,
            }),
        };
        let selection = ResultSelection {
            follow: self.follow,
            consumer,
            reply_to: self.reply_to,
            limit: self.limit,
        };
        print_results(config, &selection, self.output.into()).await
    }
}
