use std::{path::PathBuf, time::Duration};

use clap::Args;
use hp_api::{OrderId, ProductId, Quantity};
use hp_queue::{Deadline, Job, Meta, ResultStream, Traceparent};

use super::args::OutputArgs;
use crate::{
    config::Config,
    producer::{
        enqueue::{Source, WaitOptions, enqueue},
        values::{parse_deadline, parse_number, parse_order_id},
    },
    terminal::{CommandError, CommandResult},
};

/// Enqueue orders, as any shop does (needs Redis, but no HitPoints account)
///
///   worker enqueue --order-id A-1001 --product-id 2 --quantity 3
///   worker enqueue --order-id A-1001 --product-id 2 --quantity 3 --wait --show-pins
///   worker enqueue --file orders.csv --wait --timeout 10m --out cards.ndjson --show-pins
///   jq -c '.orders[]' shop.json | worker enqueue --file -
///
/// The command checks every line of a file before it enqueues the first order. You can enqueue the same file again: the
/// worker buys each order once. With --wait it shows the progress of a file on standard error. If you interrupt it (Ctrl-C),
/// it says what is saved; the orders stay enqueued, and the same command waits for them again.
///
/// Exit codes: 0: all enqueued, and with --wait all completed. 1: some lines are invalid (--partial), or an order is not
/// completed, or you interrupted the wait (--wait). 2: failed.
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Enqueue {
    #[command(flatten)]
    order: OneOrder,
    /// Orders as CSV with a header line (order_id,product_id,quantity and the other fields) or as JSON objects, one a
    /// line. The columns may be separated by commas, semicolons or tabs. Use - for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "OneOrder")]
    file: Option<PathBuf>,
    /// Enqueue the valid lines of a file that has invalid ones.
    #[arg(long, requires = "file")]
    partial: bool,
    /// Wait for the results, and print them.
    #[arg(long)]
    wait: bool,
    /// The longest wait, such as 5m [default: until all results are there].
    #[arg(long, value_name = "TIME", requires = "wait", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    #[command(flatten)]
    output: OutputArgs,
}

/// A single order.
#[derive(Clone, Debug, Args)]
struct OneOrder {
    /// The shop's own id of the order. The order is bought once, however often it is enqueued.
    #[arg(long, value_name = "ID", required_unless_present = "file", value_parser = parse_order_id)]
    order_id: Option<OrderId>,
    /// A product id that `worker products` lists.
    #[arg(long, value_name = "N", required_unless_present = "file", value_parser = parse_number::<ProductId>)]
    product_id: Option<ProductId>,
    /// The number of cards.
    #[arg(long, value_name = "N", required_unless_present = "file", value_parser = parse_number::<Quantity>)]
    quantity: Option<Quantity>,
    /// Do not buy the order after this time: Unix milliseconds, or 2026-12-31T18:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = parse_deadline)]
    deadline: Option<Deadline>,
    /// Publish the result in {hp}:results:NAME.
    #[arg(long, value_name = "NAME")]
    reply_to: Option<ResultStream>,
    /// Your own text, returned with the result.
    #[arg(long, value_name = "TEXT")]
    meta: Option<Meta>,
    /// The trace that the order belongs to (W3C Trace Context).
    #[arg(long, value_name = "CONTEXT")]
    traceparent: Option<Traceparent>,
}

impl Enqueue {
    pub(super) fn waits(&self) -> bool {
        self.wait
    }

    pub(super) async fn execute(self, config: &Config) -> CommandResult {
        let output = &self.output;
        let is_about_results =
            output.show_pins || output.out.is_some() || !output.open_with.is_empty();
        if is_about_results && !self.wait {
            return Err("--show-pins, --open-with and --out concern results: add --wait".into());
        }
        let as_json = self.output.json;
        let wait = self.wait.then_some(WaitOptions {
            timeout: self.timeout,
            output: self.output.into(),
        });
        let source = match (self.file, self.order.into_job()) {
            (Some(path), _) => Source::File {
                path,
                partial: self.partial,
            },
            (None, Some(job)) => Source::Order(Box::new(job)),
            (None, None) => return Err(no_order()),
        };
        enqueue(config, source, wait, as_json).await
    }
}

fn no_order() -> CommandError {
    "give an order (--order-id, --product-id, --quantity) or --file".into()
}

impl OneOrder {
    fn into_job(self) -> Option<Job> {
        let job = Job::new(self.order_id?, self.product_id?, self.quantity?);
        Some(Job {
            deadline: self.deadline,
            reply_to: self.reply_to,
            meta: self.meta,
            traceparent: self.traceparent,
            ..job
        })
    }
}
