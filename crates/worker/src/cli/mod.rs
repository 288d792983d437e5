//! The command line. Its doc comments are the help text, so they carry no markup.
#![expect(
    clippy::doc_markdown,
    reason = "what is written here is printed on a terminal"
)]

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::{
    decide::{Decision, Json, One, Orders},
    reconcile::Options,
    shop::{Enqueue, Results},
    show::{CardNumber, Filter, Products, Rejected},
};

/// Buys cards from HitPoints for the orders that shops put into Redis.
///
/// An order is one entry of a Redis stream, put there by anyone:
///
///   redis-cli XADD '{hp}:jobs' '*' order_id A-1 product_id 2 quantity 3
///
/// Its result, cards included, is one entry of {hp}:results.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
pub(crate) struct Cli {
    /// Settings as TOML; the environment (HP_WORKER__LEASE for worker.lease) comes over it.
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Take orders and buy cards until told to stop.
    ///
    /// SIGTERM or SIGINT: takes no more orders, finishes what it has begun (for up to worker.drain) and gives back
    /// the rest. A second signal ends it at once; its orders are then taken over when their lease ends.
    ///
    /// Exit codes: 0 stopped as asked, 1 could not start or had to leave orders behind.
    Run,
    /// Put orders into the queue, as any shop does. Only Redis is needed for it.
    ///
    ///   worker enqueue --order-id A-1001 --product-id 2 --quantity 3
    ///   worker enqueue --order-id A-1001 --product-id 2 --quantity 3 --wait --show-pins
    ///   worker enqueue --file orders.csv --wait --timeout 10m --out cards.ndjson --show-pins
    ///   jq -c '.orders[]' shop.json | worker enqueue --file -
    ///
    /// Every line of a file is checked before the first order is put in. The same file may be put in again: an order is
    /// bought once.
    ///
    /// Exit codes: 0 done, and with --wait all are completed, 1 some lines are wrong (--partial), or an order is not
    /// completed (--wait), 2 it could not be done.
    #[command(verbatim_doc_comment)]
    Enqueue(Enqueue),
    /// Read results, as any shop does. Only Redis is needed for it.
    ///
    ///   worker results                                 all that are kept; nothing is acknowledged
    ///   worker results --follow --json | jq .status
    ///   worker results --group shop --consumer till-1 --show-pins --out cards.ndjson
    ///
    /// With --group results are read as its consumer, and acknowledged when they are printed, or safe in the file. They
    /// stay in the stream for results.retention all the same: without --group they can be read again. Card keys are left
    /// out unless --show-pins.
    ///
    /// Exit codes: 0 read, 1 some entries are no results that can be read (they are not acknowledged), 2 it could not be
    /// done.
    #[command(verbatim_doc_comment)]
    Results(Results),
    /// Print the settings in force, secrets hidden, after checking them.
    Config,
    /// Look at everything that the worker depends on, and say what to do.
    ///
    /// Redis: reachable, version, role, append-only file and fsync, memory policy, clock, prefix, pause. HitPoints: clock,
    /// credentials, and its answer for an order that does not exist. Changes nothing and buys nothing.
    ///
    /// Exit codes: 0 all is well, 1 something is bad, 2 it could not look.
    Doctor(Json),
    /// Hold every stuck order against HitPoints' record, and mend what differs.
    ///
    /// Looks at each open order that is older than reconcile.stuck_after and that no worker is at, and at all in review.
    /// Workers do the same on reconcile.schedule; this needs none of them. It keeps to rate, breaker and pause, and may
    /// be interrupted. Every run leaves a report in {hp}:reconcile:runs and in the log. Where the account is refused it ends,
    /// and does not pause the queue, as a worker would.
    ///
    ///   worker reconcile --once                        one run, as for a CronJob or a timer
    ///   worker reconcile --order A-1001 --dry-run      what would be done with one order
    ///   worker reconcile --audit --since 24h --report yesterday.csv
    ///
    /// Exit codes: 0 all agree, is mended or is asked about again in its time, 1 something needs a person, 2 it could not run,
    /// or not to its end, or HitPoints gave no answers.
    #[command(verbatim_doc_comment)]
    Reconcile(Options),
    /// Have orders tried again now: those in review are asked about anew, those that wait come due.
    ///
    ///   worker retry A-1001 A-1002 --why "HitPoints has mended it"
    ///
    /// Exit codes: 0 all are tried again, 1 one is not (it has ended, or a worker is at it), 2 it could not be done.
    #[command(verbatim_doc_comment)]
    Retry(Orders),
    /// Decide what becomes of an order in review. HitPoints is asked first, and its record has the last word.
    ///
    ///   worker resolve A-1001 --as completed --why "record mended, ticket 42"
    ///   worker resolve A-1001 --as not-charged --why "customer cancelled"
    ///   worker resolve A-1001 --as resubmit --why "never arrived, ticket 42"
    ///
    /// completed: only if the record is there and fits. not-charged and resubmit: only if there is certainly none, which
    /// cannot be known before retry.resubmit_after has passed since the last submission. resubmit: not after the order's
    /// deadline; retry.give_up_after counts anew. Who and why stand in the order's story.
    ///
    /// Exit codes: 0 done, 1 HitPoints' record says otherwise, or the order is not in review, 2 it could not be done.
    #[command(verbatim_doc_comment)]
    Resolve(Decision),
    /// Put the results of ended orders out again; those of completed ones from HitPoints' record, which has the cards.
    ///
    ///   worker republish A-1001 --why "the shop lost it"
    ///
    /// Exit codes: 0 all are told, or a worker is about to, 1 one is not, 2 it could not be done.
    #[command(verbatim_doc_comment)]
    Republish(Orders),
    /// List orders: the open ones, or those in the states that are named.
    ///
    ///   worker orders --state review
    ///   worker orders --older-than 10m --reason lost
    ///   worker orders --state failed --json | jq .reason
    ///
    /// Exit codes: 0 listed, 1 some record cannot be read, 2 it could not be done.
    #[command(verbatim_doc_comment)]
    Orders(Filter),
    /// Show an order as the ledger has it, and its story: every claim, with what came of it.
    ///
    /// Exit codes: 0 shown, 1 there is no such order, 2 it could not be done.
    Order(One),
    /// Show HitPoints' record of an order, less the cards' keys.
    ///
    /// Exit codes: 0 shown, 1 HitPoints gives none, 2 it could not be done.
    Record(One),
    /// List the products that may be ordered.
    Products(Products),
    /// Show HitPoints' record of a card; its key only with --show-pins.
    ///
    /// Exit codes: 0 shown, 1 HitPoints gives none, 2 it could not be done.
    Pin(CardNumber),
    /// See to entries of the inbox that name no usable order.
    ///
    /// Exit codes: 0 done, 1 there is no such entry, 2 it could not be done.
    Rejected {
        #[command(subcommand)]
        what: Rejected,
    },
    /// Stop the taking of orders by all workers. What they have begun is finished.
    ///
    /// Exit codes: 0 paused, 1 it was paused already, and the first reason stands, 2 it could not be done.
    Pause {
        /// Why, for those who find the queue paused.
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// Show how the queue is: orders by state, the oldest, pause, breaker, balances, rate, workers, last reconciliation.
    ///
    /// Exit codes: 0 orders are taken, 1 the queue is paused, 2 it could not be done.
    Status(Json),
    /// Print a shell's completions: worker completions bash > /etc/bash_completion.d/worker
    Completions { shell: Shell },
    /// Print the manual page, or write one for each command into a folder.
    Man {
        /// Where to write them.
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
    /// Let orders be taken again after the queue was paused.
    ///
    /// A worker pauses the queue for all when the trouble is its own, such as a wrong secret; the reason is in its log
    /// and in {hp}:paused. See to it first.
    ///
    /// Exit codes: 0 orders are taken, 2 it could not be done.
    Resume,
}

impl Command {
    /// What the exit code says when a command could not be carried out at all.
    pub(crate) fn failure_code(&self) -> ExitCode {
        match self {
            Self::Run | Self::Config => ExitCode::FAILURE,
            _ => ExitCode::from(2),
        }
    }
}
