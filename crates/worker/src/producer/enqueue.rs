//! `worker enqueue`.
#![expect(
    clippy::doc_markdown,
    reason = "what is written at its options is printed on a terminal"
)]

use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use hp_api::{OrderId, ProductId, Quantity};
use hp_queue::{Deadline, Job, Meta, Queue, ResultStream, Traceparent};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    Done, deadline,
    lines::{Checked, check},
    printer::{Form, Printer},
    wait::Waiting,
};
use crate::{config::Config, out::outln, patience::retry_while_unreachable};

/// One order, or a file of them.
#[derive(Clone, Debug, Args)]
pub(crate) struct Enqueue {
    #[command(flatten)]
    one: One,
    /// Orders as CSV with a header line (order_id,product_id,quantity and the other fields) or as JSON objects, a line
    /// each; - for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "One")]
    file: Option<PathBuf>,
    /// Put in the good lines of a file that has bad ones.
    #[arg(long, requires = "file")]
    partial: bool,
    /// Wait for the results, and print them.
    #[arg(long)]
    wait: bool,
    /// How long to wait, such as 5m; else until all are there.
    #[arg(long, value_name = "TIME", requires = "wait", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    #[command(flatten)]
    form: Form,
}

/// A single order.
#[derive(Clone, Debug, Args)]
struct One {
    /// The shop's own id of the order. It is bought once, however often it is put in.
    #[arg(long, value_name = "ID", required_unless_present = "file")]
    order_id: Option<OrderId>,
    /// As `worker products` lists them.
    #[arg(long, value_name = "N", required_unless_present = "file")]
    product_id: Option<ProductId>,
    /// How many cards.
    #[arg(long, value_name = "N", required_unless_present = "file")]
    quantity: Option<Quantity>,
    /// Not to be bought after this time: Unix milliseconds, or 2026-12-31T18:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = deadline)]
    deadline: Option<Deadline>,
    /// Have the result in {hp}:results:NAME.
    #[arg(long, value_name = "NAME")]
    reply_to: Option<ResultStream>,
    /// Comes back with the result.
    #[arg(long, value_name = "TEXT")]
    meta: Option<Meta>,
    /// The trace that it belongs to.
    #[arg(long, value_name = "CONTEXT")]
    traceparent: Option<Traceparent>,
}

/// So many are put in at a time.
const AT_A_TIME: usize = 64;
/// So many faults of a file are shown.
const SHOWN: usize = 20;

/// `worker enqueue`.
pub(crate) async fn enqueue(config: &Config, orders: Enqueue) -> Done {
    if orders.form.is_of_results() && !orders.wait {
        return Err("--show-pins and --out are about results: add --wait".into());
    }
    let Checked { jobs, faults } = match (&orders.file, orders.one.job()) {
        (Some(file), _) => read(file)?,
        (None, job) => Checked {
            jobs: job.into_iter().collect(),
            faults: Vec::new(),
        },
    };
    let name = orders
        .file
        .as_deref()
        .map_or("".into(), Path::to_string_lossy);
    for fault in faults.iter().take(SHOWN) {
        eprintln!("worker: {name}:{}: {}", fault.line, fault.why);
    }
    if faults.len() > SHOWN {
        eprintln!("worker: and {} lines more", faults.len() - SHOWN);
    }
    if !faults.is_empty() && !orders.partial {
        let (bad, good) = (faults.len(), jobs.len());
        return Err(format!("nothing was put in. Wrong lines: {bad}, good ones: {good}. Mend the wrong ones, or put in the good ones with --partial").into());
    }
    if jobs.is_empty() {
        return Err(format!("there is no order in {name}").into());
    }
    // Before anything is put in: a file that cannot be written is found out now.
    let printer = Printer::open(orders.form.clone())?;
    let queue = config.queue().await?;
    let is_good = faults.is_empty();
    if !orders.wait {
        put_in(&queue, &jobs, &orders, true).await?;
        return Ok(is_good);
    }
    let waiting = Waiting::open(config, &queue, &jobs).await?;
    put_in(&queue, &jobs, &orders, false).await?;
    Ok(waiting.wait(orders.timeout, printer).await? && is_good)
}

impl One {
    fn job(&self) -> Option<Job> {
        let (id, product, quantity) = (self.order_id.clone()?, self.product_id?, self.quantity?);
        Some(Job {
            deadline: self.deadline,
            reply_to: self.reply_to.clone(),
            meta: self.meta.clone(),
            traceparent: self.traceparent.clone(),
            ..Job::new(id, product, quantity)
        })
    }
}

fn read(file: &Path) -> Result<Checked, String> {
    let mut bytes = Vec::new();
    let got = match file.to_str() {
        Some("-") => io::stdin().read_to_end(&mut bytes).map(drop),
        _ => fs::read(file).map(|all| bytes = all),
    };
    got.map_err(|error| format!("{}: {error}", file.display()))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(check(&text)),
        Err(_) => Err(format!("{} is not UTF-8: save it as such", file.display())),
    }
}

/// Puts them in, in their order. After an error some are in, and may be put in again.
async fn put_in(
    queue: &Queue,
    jobs: &[Job],
    orders: &Enqueue,
    is_told: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let by_name = orders.form.json || orders.file.is_none();
    let bar = bar(jobs.len(), is_told && by_name);
    let mut done = 0;
    for some in jobs.chunks(AT_A_TIME) {
        let entries = retry_while_unreachable(|| queue.enqueue_all(some)).await.map_err(|error| {
            let all = jobs.len();
            format!("{error}. Of {all} orders {done} are in the inbox, and maybe some more; put them in again, all of them: what is there is bought once")
        })?;
        done += some.len();
        bar.inc(some.len() as u64);
        for (Job { order_id, .. }, entry) in some.iter().zip(entries) {
            match (is_told, orders.form.json) {
                (true, true) => outln!(
                    "{}",
                    serde_json::json!({ "order_id": order_id.as_str(), "entry": entry })
                )?,
                (true, false) if by_name => outln!("{order_id} is in the inbox as {entry}")?,
                _ => {}
            }
        }
    }
    bar.finish_and_clear();
    if is_told && !by_name {
        outln!("{done} orders are in the inbox")?;
    }
    Ok(())
}

/// On a terminal only, and where nothing else is printed.
fn bar(len: usize, is_hidden: bool) -> ProgressBar {
    if is_hidden || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(len as u64);
    let style = "{wide_bar} {pos} of {len} orders, {per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}
