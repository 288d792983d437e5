use std::{
    io::{self, IsTerminal},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use hp_api::OrderId;

use crate::{
    config::Config,
    reconcile::command::{RunOptions, run_on_schedule, run_once},
    telemetry,
    terminal::CommandResult,
};

/// Check every stuck order against HitPoints, and fix differences
///
/// A reconciliation run checks each open order that may be charged, is older than reconcile.stuck_after and unclaimed, and
/// every order in review. Workers make a run at each tick of reconcile.schedule; this command needs no worker. It respects
/// breaker and pause, takes at most a quarter of the rate limit, and you can interrupt it. Every run leaves a report in
/// {hp}:reconcile:runs. A run on the schedule also logs it; a single run prints what is not zero. If HitPoints refuses the
/// account, the run ends and the queue is not paused. A worker would also pause the queue.
///
///   worker reconcile --once                        one run, as for a CronJob or a timer
///   worker reconcile --order A-1001 --dry-run      shows what a run would do with one order
///   worker reconcile --audit --since 24h --report yesterday.csv
///
/// Exit codes: 0: no order needs an operator. 1: at least one does. 2: the run failed or is incomplete, or HitPoints gave
/// no answers.
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(super) struct Reconcile {
    /// Make one run now. Without this flag, and without a flag that needs a single run, the command keeps running and
    /// makes a run at each tick.
    #[arg(long)]
    once: bool,
    /// Check this order only, whatever its age. May be given several times.
    #[arg(long = "order", value_name = "ID")]
    orders: Vec<OrderId>,
    /// Query HitPoints, but change nothing: show what a run would do.
    #[arg(long)]
    dry_run: bool,
    /// Also compare ended orders with HitPoints' records, and check open orders that are certainly not charged.
    #[arg(long, requires = "since")]
    audit: bool,
    /// The period of the audit, such as 24h.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, requires = "audit")]
    since: Option<Duration>,
    /// Write the report to this file, and replace its content: CSV if the name ends in .csv, else JSON. The report of an
    /// incomplete run replaces no other one: then it is in FILE.incomplete.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// The default of log.filter.
const USUAL_FILTER: &str = "info";

impl Reconcile {
    pub(super) fn prints_json(&self) -> bool {
        self.json
    }

    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        if !self.is_single() {
            telemetry::start(config)?;
            return run_on_schedule(config).await;
        }
        // On a terminal the report says it all; a log for other programs, or one that was asked for, is welcome.
        if !io::stderr().is_terminal() || config.log_filter.text != USUAL_FILTER {
            telemetry::start(config)?;
        }
        let options = RunOptions {
            orders: self.orders,
            dry_run: self.dry_run,
            audit_since: self.since.filter(|_| self.audit),
            report: self.report,
            json: self.json,
        };
        Box::pin(run_once(config, options)).await
    }

    fn is_single(&self) -> bool {
        self.once
            || self.dry_run
            || self.audit
            || self.json
            || self.report.is_some()
            || !self.orders.is_empty()
    }
}
