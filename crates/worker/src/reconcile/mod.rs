//! Reconciliation: every order that is stuck is held against HitPoints' record, on a schedule and on demand.

mod audit;
mod keep;
mod preview;
mod report;
mod run;
mod shown;

use std::{error::Error, sync::Arc, time::Duration};

use clap::Args;
use hp_api::OrderId;

use keep::{Scheduler, tell};

use crate::{
    admin,
    config::Config,
    metrics::Metrics,
    patience::retry_while_unreachable,
    run::{OrderProcessor, Shutdown},
};
pub(crate) use report::Report;
pub(crate) use run::settle;
use run::{Run, Stopped};

/// What `worker reconcile` is told.
#[derive(Clone, Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct Options {
    /// Make one run now and end. Without it, and without what needs a single run, stay and make a run at each tick.
    #[arg(long)]
    once: bool,
    /// Look at this order only, however young it is; may be given again.
    #[arg(long = "order", value_name = "ID")]
    orders: Vec<OrderId>,
    /// Ask HitPoints, but change nothing: show what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Also compare orders that have ended with HitPoints' records.
    #[arg(long, requires = "since")]
    audit: bool,
    /// How far back the audit goes, such as 24h.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, requires = "audit")]
    since: Option<Duration>,
    /// Write the report to this file, which is made anew: as CSV if it ends in .csv, else as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<std::path::PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

impl Options {
    fn is_single(&self) -> bool {
        self.once
            || self.dry_run
            || self.audit
            || self.json
            || self.report.is_some()
            || !self.orders.is_empty()
    }
}

/// `worker reconcile`. Whether nothing needs a person.
pub(crate) async fn reconcile(config: &Config, options: Options) -> Result<bool, Box<dyn Error>> {
    let processor = Arc::new(OrderProcessor::open(config)?);
    let stop = Shutdown::on_signals()?;
    if !options.is_single() {
        tokio::select! {
            () = run_scheduler(processor, config, stop.clone()) => {}
            () = stop.overdue(config.drain) => {}
        }
        return Ok(true);
    }
    let file = options.report.as_deref().map(shown::create).transpose()?;
    let now = processor.inspector.now().await?;
    let progress = shown::bar(options.json);
    let report = Report {
        dry_run: options.dry_run,
        ..Report::begin(&processor.name, None, now)
    };
    let mut run = Run::new(&processor, report, &progress, stop.clone());
    let until = now.before(config.reconcile.stuck_after);
    let ended = tokio::select! {
        ended = single(&mut run, &options, until, now) => ended,
        () = stop.overdue(config.drain) => Err(Stopped::Interrupted),
    };
    let report = run.reported(&ended);
    progress.clear();
    tell(&report);
    // Redis last: where it is away, what was done is known all the same.
    let printed = shown::print(&report, options.json);
    let written = file.map(|file| file.write(&report)).transpose();
    if !options.dry_run {
        let fields = report.fields();
        retry_while_unreachable(|| hp_queue::store_run_report(&processor.handle, &fields)).await?;
    }
    printed?;
    written?;
    ended?;
    Ok(report.for_a_person() == 0)
}

async fn single(
    run: &mut Run<'_>,
    options: &Options,
    until: hp_order::Millis,
    now: hp_order::Millis,
) -> Result<(), Stopped> {
    if options.orders.is_empty() {
        run.through_all(until).await?;
    } else {
        run.through_named(&options.orders).await?;
    }
    if let (true, Some(since)) = (options.audit, options.since) {
        run.audit(now.before(since)).await?;
    }
    Ok(())
}

/// Makes runs on their schedule, and tells of them, until it is asked to stop.
pub(crate) fn run_scheduler(
    processor: Arc<OrderProcessor>,
    config: &Config,
    stop: Shutdown,
) -> impl Future<Output = ()> + Send + use<> {
    let metrics = Arc::new(Metrics::new());
    let keeper = Scheduler {
        processor,
        schedule: config.reconcile.schedule.clone(),
        stuck_after: config.reconcile.stuck_after,
        metrics: Arc::clone(&metrics),
        stop,
    };
    let told = admin::serve(config.admin, metrics);
    async move {
        tokio::select! {
            () = keeper.keep() => {}
            // It may have no address to tell them at.
            never = async { told.await; std::future::pending().await } => never,
        }
    }
}
