use std::{
    cell::Cell,
    fmt::Display,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use hp_queue::{Job, Queue};

use super::{
    order_file::{Checked, check, decode},
    progress::enqueue_bar,
    result_printer::{ResultOutput, ResultPrinter},
    wait::{WaitLimits, Waiting},
};
use crate::{
    config::Config,
    engine::retry::retry_while_unreachable,
    shutdown::Shutdown,
    terminal::{CommandError, CommandResult, errln, outln},
};

/// The orders to enqueue.
pub(crate) enum Source {
    Order(Box<Job>),
    /// A CSV or JSON lines file; `-` is standard input.
    File {
        path: PathBuf,
        /// Enqueue the valid lines of a file that has invalid ones.
        partial: bool,
    },
}

/// How to wait for the results.
pub(crate) struct WaitOptions {
    /// `None`: until all results are there.
    pub(crate) timeout: Option<Duration>,
    pub(crate) output: ResultOutput,
}

/// Orders of one exchange with Redis.
const BATCH: usize = 64;
/// The most invalid lines of a file that are listed.
const LISTED_FAULTS: usize = 20;

/// Enqueues orders and, with `--wait`, waits for their results. Returns `true` if every line was valid and, after a wait,
/// every order was completed.
pub(crate) async fn enqueue(
    config: &Config,
    source: Source,
    wait: Option<WaitOptions>,
    as_json: bool,
) -> CommandResult {
    let is_single = matches!(source, Source::Order(_));
    let Checked { jobs, faults } = read_orders(source)?;
    let all_valid = faults.is_empty();
    let (shutdown, sent) = (Shutdown::on_signals()?, Cell::new(0));
    let report = EnqueueReport {
        lists_orders: as_json || is_single,
        as_json,
    };
    let interrupted = shutdown.token();
    let Some(wait) = wait else {
        tokio::select! {
            done = send_and_report(config, &jobs, &sent, report) => done?,
            () = interrupted.cancelled() => return Err(stopped("interrupted", &sent, &jobs)),
        }
        return Ok(all_valid);
    };
    // First, so that a file that cannot be written is an error before the orders are enqueued.
    let printer = ResultPrinter::open(wait.output)?;
    let waiting = tokio::select! {
        waiting = send_and_watch(config, &jobs, &sent) => waiting?,
        () = interrupted.cancelled() => return Err(stopped("interrupted", &sent, &jobs)),
    };
    let limits = WaitLimits {
        timeout: wait.timeout,
        interrupted,
        shows_progress: !is_single,
    };
    Ok(waiting.wait(limits, printer).await? && all_valid)
}

async fn send_and_report(
    config: &Config,
    jobs: &[Job],
    sent: &Cell<usize>,
    report: EnqueueReport,
) -> Result<(), CommandError> {
    let queue = config.queue().await?;
    send(&queue, jobs, sent, Some(report)).await
}

/// Watches the results before the first order is enqueued.
async fn send_and_watch<'a>(
    config: &Config,
    jobs: &'a [Job],
    sent: &Cell<usize>,
) -> Result<Waiting<'a>, CommandError> {
    let queue = config.queue().await?;
    let waiting = Waiting::open(config, &queue, jobs).await?;
    send(&queue, jobs, sent, None).await?;
    Ok(waiting)
}

/// Why not all orders are enqueued, and how to go on.
fn stopped(why: impl Display, sent: &Cell<usize>, jobs: &[Job]) -> CommandError {
    let (sent, all) = (sent.get(), jobs.len());
    format!("{why}. At least {sent} of {all} orders are enqueued. Run the command again with all of them: an order is bought once, however often it is enqueued").into()
}

fn read_orders(source: Source) -> Result<Checked, CommandError> {
    let (path, partial) = match source {
        Source::Order(job) => {
            return Ok(Checked {
                jobs: vec![*job],
                faults: Vec::new(),
            });
        }
        Source::File { path, partial } => (path, partial),
    };
    let checked = read_file(&path)?;
    let (name, faults) = (path.display(), &checked.faults);
    for fault in faults.iter().take(LISTED_FAULTS) {
        errln!("worker: {name}:{}: {}", fault.line, fault.why);
    }
    if faults.len() > LISTED_FAULTS {
        let more = faults.len() - LISTED_FAULTS;
        errln!("worker: and {more} more invalid lines");
    }
    if !faults.is_empty() && !partial {
        let (invalid, valid) = (faults.len(), checked.jobs.len());
        return Err(format!("no order was enqueued: {invalid} lines are invalid, {valid} are valid. Fix the invalid lines, or enqueue the valid ones with --partial").into());
    }
    if checked.jobs.is_empty() {
        return Err(format!("there is no order in {name}").into());
    }
    Ok(checked)
}

fn read_file(path: &Path) -> Result<Checked, String> {
    let name = path.display();
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    let bytes = bytes.map_err(|error| format!("cannot read {name}: {error}"))?;
    match decode(&bytes) {
        Ok(text) => Ok(check(&text)),
        Err((line, why)) => Err(format!("{name}:{line}: {why}")),
    }
}

/// What to print while orders are enqueued.
#[derive(Clone, Copy)]
struct EnqueueReport {
    /// A line for each order; otherwise a total.
    lists_orders: bool,
    as_json: bool,
}

/// Enqueues the orders in their sequence. After an error some may be enqueued; enqueueing all of them again is safe.
async fn send(
    queue: &Queue,
    jobs: &[Job],
    sent: &Cell<usize>,
    report: Option<EnqueueReport>,
) -> Result<(), CommandError> {
    let progress = enqueue_bar(jobs.len(), report.is_some_and(|report| report.lists_orders));
    for batch in jobs.chunks(BATCH) {
        let entries = retry_while_unreachable(|| queue.enqueue_all(batch))
            .await
            .map_err(|error| stopped(error, sent, jobs))?;
        sent.set(sent.get() + batch.len());
        progress.inc(batch.len() as u64);
        if let Some(report) = report.filter(|report| report.lists_orders) {
            print_entries(batch, &entries, report.as_json)?;
        }
    }
    progress.finish_and_clear();
    if report.is_some_and(|report| !report.lists_orders) {
        outln!("{} orders enqueued", sent.get())?;
    }
    Ok(())
}

fn print_entries(batch: &[Job], entries: &[String], as_json: bool) -> io::Result<()> {
    for (job, entry) in batch.iter().zip(entries) {
        let id = job.order_id.as_str();
        if as_json {
            let line = serde_json::json!({ "order_id": id, "entry": entry });
            outln!("{line}")?;
        } else {
            outln!("{id} enqueued as {entry}")?;
        }
    }
    Ok(())
}
