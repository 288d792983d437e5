//! `worker results`.
#![expect(
    clippy::doc_markdown,
    reason = "what is written at its options is printed on a terminal"
)]

use std::time::Duration;

use clap::Args;
use hp_queue::{Delivery, QueueError, ResultStream, Wait, Watch, WatchFrom};
use tokio::time::sleep;

use super::{
    Done,
    printer::{Form, Printer},
};
use crate::{config::Config, decide::user};

/// Which results, and how.
#[derive(Clone, Debug, Args)]
pub(crate) struct Results {
    /// Stay, and read what comes.
    #[arg(long)]
    follow: bool,
    /// Read for this consumer group, and acknowledge what was printed. It is made if there is none.
    #[arg(long, value_name = "G")]
    group: Option<String>,
    /// Under which name in the group; else the user of this machine.
    #[arg(long, value_name = "C", requires = "group")]
    consumer: Option<String>,
    /// Read {hp}:results:NAME, the reply_to of its jobs, in place of {hp}:results.
    #[arg(long, value_name = "NAME")]
    reply_to: Option<ResultStream>,
    /// No more than so many.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    form: Form,
}

/// So many at a time: those printed last may be delivered again if this ends before they are acknowledged.
const PAGE: usize = 100;
/// How long Redis is left alone while it cannot be reached.
const PAUSE: Duration = Duration::from_secs(1);

enum Reader {
    Group(hp_queue::Results),
    Watch(Watch),
}

/// `worker results`.
pub(crate) async fn results(config: &Config, which: Results) -> Done {
    let mut printer = Printer::open(which.form.clone())?;
    let mut reader = Reader::open(config, &which).await?;
    let mut left = which.limit.unwrap_or(usize::MAX);
    let wait = if which.follow {
        Wait::ForOne
    } else {
        Wait::Not
    };
    while left > 0 {
        let deliveries = match reader.next(left.min(PAGE), wait).await {
            Err(QueueError::Unreachable(error)) if which.follow => {
                eprintln!("worker: Redis cannot be reached: {error}; trying again");
                sleep(PAUSE).await;
                continue;
            }
            deliveries => deliveries?,
        };
        if deliveries.is_empty() && !which.follow {
            break;
        }
        left -= deliveries.len();
        reader.deal_with(&deliveries, &mut printer).await?;
    }
    Ok(printer.finish()?)
}

impl Reader {
    async fn open(config: &Config, which: &Results) -> Result<Self, QueueError> {
        let queue = config.queue().await?;
        let stream = which.reply_to.as_ref();
        Ok(match &which.group {
            None => Self::Watch(queue.watch(&[stream], WatchFrom::Oldest).await?),
            Some(group) => {
                let consumer = which.consumer.clone().unwrap_or_else(user);
                Self::Group(queue.results(stream, group, &consumer).await?)
            }
        })
    }

    async fn next(&mut self, n: usize, wait: Wait) -> Result<Vec<Delivery>, QueueError> {
        match self {
            Self::Group(results) => results.next(n, wait).await,
            Self::Watch(watch) => watch.next(n, wait).await,
        }
    }

    /// Prints them; and when they are where they cannot be lost, acknowledges what could be read.
    async fn deal_with(
        &mut self,
        deliveries: &[Delivery],
        printer: &mut Printer,
    ) -> Result<(), Box<dyn std::error::Error>> {
        let mut dealt_with = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            if printer.print(delivery)? {
                dealt_with.push(&delivery.entry_id);
            }
        }
        printer.flush()?;
        if let Self::Group(results) = self {
            for entry in dealt_with {
                results.acknowledge(entry).await?;
            }
        }
        Ok(())
    }
}
