use std::time::Duration;

use hp_queue::{Delivery, QueueError, ResultStream, Results, Wait, Watch, WatchFrom};
use tokio::time::sleep;

use super::result_printer::{ResultOutput, ResultPrinter};
use crate::{
    config::Config,
    terminal::{CommandError, CommandResult, errln},
};

/// Which results to read.
#[derive(Clone, Debug)]
pub(crate) struct ResultSelection {
    /// Keep reading as results are published.
    pub(crate) follow: bool,
    /// Read as this consumer, and acknowledge what was printed.
    pub(crate) consumer: Option<Consumer>,
    /// Read this `reply_to` stream in place of `{hp}:results`.
    pub(crate) reply_to: Option<ResultStream>,
    /// The most results to read.
    pub(crate) limit: Option<usize>,
}

/// A consumer of a consumer group.
#[derive(Clone, Debug)]
pub(crate) struct Consumer {
    /// Created if there is none.
    pub(crate) group: String,
    pub(crate) name: String,
}

/// Results of one read. After an interruption the last read may be delivered again.
const PAGE: usize = 100;
/// The delay before the next read while Redis is unreachable.
const RETRY_DELAY: Duration = Duration::from_secs(1);

enum Reader {
    Group(Results),
    Watch(Watch),
}

/// Prints results. Returns `false` if an entry cannot be read.
pub(crate) async fn print_results(
    config: &Config,
    selection: &ResultSelection,
    output: ResultOutput,
) -> CommandResult {
    let mut printer = ResultPrinter::open(output)?;
    let mut reader = Reader::open(config, selection).await?;
    let mut left = selection.limit.unwrap_or(usize::MAX);
    let wait = if selection.follow {
        Wait::ForOne
    } else {
        Wait::Not
    };
    while left > 0 && printer.arrives() {
        let deliveries = match reader.next(left.min(PAGE), wait).await {
            Err(error @ QueueError::Unreachable(_)) if selection.follow => {
                errln!("worker: {error}; trying again");
                sleep(RETRY_DELAY).await;
                continue;
            }
            deliveries => deliveries?,
        };
        if deliveries.is_empty() && !selection.follow {
            break;
        }
        left -= deliveries.len();
        reader.print(&deliveries, &mut printer).await?;
    }
    Ok(printer.finish()?)
}

impl Reader {
    async fn open(config: &Config, selection: &ResultSelection) -> Result<Self, QueueError> {
        let queue = config.queue().await?;
        let stream = selection.reply_to.as_ref();
        Ok(match &selection.consumer {
            None => Self::Watch(queue.watch(&[stream], WatchFrom::Oldest).await?),
            Some(Consumer { group, name }) => {
                Self::Group(queue.results(stream, group, name).await?)
            }
        })
    }

    async fn next(&mut self, n: usize, wait: Wait) -> Result<Vec<Delivery>, QueueError> {
        match self {
            Self::Group(results) => results.next(n, wait).await,
            Self::Watch(watch) => watch.next(n, wait).await,
        }
    }

    /// Prints deliveries. Acknowledges those that could be read as soon as the output is safe. Those that did not
    /// arrive are delivered again.
    async fn print(
        &mut self,
        deliveries: &[Delivery],
        printer: &mut ResultPrinter,
    ) -> Result<(), CommandError> {
        let mut readable = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            if printer.print(delivery)? {
                readable.push(&delivery.entry_id);
            }
        }
        printer.flush()?;
        if let Self::Group(results) = self
            && printer.arrives()
        {
            for entry in readable {
                results.acknowledge(entry).await?;
            }
        }
        Ok(())
    }
}
