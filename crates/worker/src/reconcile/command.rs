use std::{path::PathBuf, sync::Arc, time::Duration};

use hp_api::OrderId;
use hp_order::Millis;
use hp_queue::store_run_report;

use super::{
    output,
    report::{FIGURE_NAMES, Report},
    report_file::ReportFile,
    run::{Run, RunError},
    scheduler::Scheduler,
};
use crate::{
    admin::{self, metrics::Metrics},
    config::Config,
    engine::{processor::OrderProcessor, retry::retry_while_unreachable, terms},
    health::{self, Health, MainLoop, systemd::Reports},
    random::Random,
    shutdown::Shutdown,
    telemetry,
    terminal::{CommandError, CommandResult, errln},
};

/// What one run on demand does.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunOptions {
    /// Only these orders, however young they are. Empty: every stuck order.
    pub(crate) orders: Vec<OrderId>,
    /// Query HitPoints, but change nothing.
    pub(crate) dry_run: bool,
    /// Also compare the orders that ended within this time with HitPoints' records.
    pub(crate) audit_since: Option<Duration>,
    /// Write the report to this file.
    pub(crate) report: Option<PathBuf>,
    /// Print the report as JSON.
    pub(crate) json: bool,
}

/// `worker reconcile` without options: makes runs on their schedule until a signal.
pub(crate) async fn run_on_schedule(config: &Config) -> CommandResult {
    let random = Random::from_entropy();
    let processor = Arc::new(OrderProcessor::new(config, config.agreement()?, random)?);
    let shutdown = Shutdown::on_signals()?;
    let metrics = Metrics::new(
        &FIGURE_NAMES,
        &processor.metrics,
        processor.throttle.answers.clone(),
        telemetry::lost_lines(),
        telemetry::lost_spans(),
    );
    let metrics = Arc::new(metrics.with_queue(processor.inspector.clone(), &config.prefix));
    let stop = shutdown.token().clone();
    let scheduler = Scheduler::new(Arc::clone(&processor), config, Arc::clone(&metrics), stop);
    let main_loop = MainLoop {
        name: "scheduler",
        rounds: scheduler.pulse.rounds(),
    };
    let stop = shutdown.token().clone();
    let health = Health::new(&processor, main_loop, stop, config.drain);
    let routes = health::routes(health.clone());
    let server = tokio::spawn(admin::serve(&config.admin, metrics, routes));
    let reports = Reports::start(&health);
    tokio::select! {
        adopted = terms::adopt(&processor, &scheduler.pulse) => adopted?,
        () = shutdown.token().cancelled() => return Ok(true),
    }
    health.note_joined();
    tokio::select! {
        () = scheduler.run() => {}
        () = terms::follow(&processor, false) => {}
        () = shutdown.drained(config.drain) => {}
    }
    reports.finish().await;
    server.abort();
    Ok(true)
}

/// Makes one run. Returns `true` if nothing needs an operator.
pub(crate) async fn run_once(config: &Config, options: RunOptions) -> CommandResult {
    let processor = OrderProcessor::open(config, Random::from_entropy()).await?;
    let shutdown = Shutdown::on_signals()?;
    let file = options
        .report
        .as_deref()
        .map(ReportFile::create)
        .transpose()?;
    let now = processor.inspector.now().await?;
    let progress = output::progress_bar(options.json);
    let report = Report {
        dry_run: options.dry_run,
        ..Report::new(&processor.name, None, now)
    };
    let mut run = Run::new(&processor, report, &progress, shutdown.token().clone());
    let until = now.before(config.reconcile.stuck_after);
    let ended = tokio::select! {
        ended = make(&mut run, &options, until, now) => ended,
        () = shutdown.drained(config.drain) => Err(RunError::Interrupted),
    };
    let report = run.into_report(&ended);
    progress.clear();
    publish(&processor, &report, &options, file).await?;
    ended?;
    Ok(report.needing_review() == 0)
}

async fn make(
    run: &mut Run<'_>,
    options: &RunOptions,
    until: Millis,
    now: Millis,
) -> Result<(), RunError> {
    run.includes_unsent = options.audit_since.is_some();
    if options.orders.is_empty() {
        run.check_all(until).await?;
    } else {
        run.check_named(&options.orders).await?;
    }
    match options.audit_since {
        Some(since) => run.audit(now.before(since)).await,
        None => Ok(()),
    }
}

/// Prints and stores the report. Stores it last: if Redis is unreachable, the operator still sees the report.
async fn publish(
    processor: &OrderProcessor,
    report: &Report,
    options: &RunOptions,
    file: Option<ReportFile>,
) -> Result<(), CommandError> {
    let printed = output::print(report, options.json);
    let written = file.map(|file| file.write(report)).transpose();
    if !options.dry_run {
        let fields = report.fields();
        retry_while_unreachable(|| store_run_report(&processor.queue, &fields)).await?;
    }
    printed?;
    if let Some(Some(beside)) = written? {
        errln!(
            "worker: the run is incomplete, so the file keeps the report of an earlier run; this report is in {}",
            beside.display()
        );
    }
    Ok(())
}
