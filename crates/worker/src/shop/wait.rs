use std::{collections::HashMap, time::Duration};

use hp_order::{State, Status};
use hp_queue::{
    Delivery, Inspector, Job, OrderSnapshot, Queue, QueueError, Wait, Watch, WatchFrom,
};
use tokio::time::{Instant, sleep, timeout_at};

use super::{Done, printer::Printer};
use crate::{config::Config, out::escape_control};

const PAGE: usize = 256;
/// How long Redis is left alone while it cannot be reached.
const PAUSE: Duration = Duration::from_secs(1);
/// So many orders are named that have no result.
const NAMED: usize = 20;

/// Orders whose results are waited for.
pub(super) struct Waiting<'a> {
    watch: Watch,
    inspector: Inspector,
    left: HashMap<&'a str, &'a Job>,
    all_completed: bool,
    is_warned: bool,
}

impl<'a> Waiting<'a> {
    /// To be opened before they are put in.
    pub(super) async fn open(
        config: &Config,
        queue: &Queue,
        jobs: &'a [Job],
    ) -> Result<Self, QueueError> {
        // The common one has what could not be written into their own.
        let mut streams = vec![None];
        for job in jobs {
            if !streams.contains(&job.reply_to.as_ref()) {
                streams.push(job.reply_to.as_ref());
            }
        }
        Ok(Self {
            watch: queue.watch(&streams, WatchFrom::Now).await?,
            inspector: config.inspector()?,
            left: jobs
                .iter()
                .map(|job| (job.order_id.as_str(), job))
                .collect(),
            all_completed: true,
            is_warned: false,
        })
    }

    /// Prints each order's result as it comes. Whether all were completed.
    pub(super) async fn wait(mut self, at_most: Option<Duration>, mut printer: Printer) -> Done {
        let until = at_most.map(|time| Instant::now() + time);
        again_later(self.warn().await)?;
        while !self.left.is_empty() {
            let news = async {
                let news = self.watch.next(PAGE, Wait::ForOne).await;
                if matches!(news, Err(QueueError::Unreachable(_))) {
                    sleep(PAUSE).await;
                }
                news
            };
            let news = match until {
                None => news.await,
                Some(until) => match timeout_at(until, news).await {
                    Ok(news) => news,
                    Err(_) => break,
                },
            };
            match news {
                Ok(news) if news.is_empty() => again_later(self.look().await)?,
                Ok(news) => self.take_in(&news, &mut printer)?,
                Err(error) => again_later(Err(error))?,
            }
        }
        let all_readable = printer.finish()?;
        self.name_the_rest();
        Ok(self.all_completed && self.left.is_empty() && all_readable)
    }

    fn take_in(&mut self, news: &[Delivery], printer: &mut Printer) -> std::io::Result<()> {
        for delivery in news {
            let Ok(result) = &delivery.result else {
                continue;
            };
            // The id may be that of somebody's other order, whose own result is none of ours.
            let is_ours = |job: &&Job| {
                result.product_id == job.product_id.to_string()
                    && result.quantity == job.quantity.to_string()
            };
            let id = result.order_id.as_str();
            if self.left.get(id).is_some_and(is_ours) {
                self.left.remove(id);
                self.all_completed &= result.status == Status::Completed;
                printer.print(delivery)?;
            }
        }
        printer.flush()
    }

    /// Whether no result will come for some of them, or not where it is waited for, or not now.
    async fn look(&mut self) -> Result<(), QueueError> {
        self.warn().await?;
        let ids: Vec<&str> = self.left.keys().copied().collect();
        for ids in ids.chunks(PAGE) {
            for looked in self.inspector.snapshot(ids).await?.into_iter().flatten() {
                if let Some(why) = self.in_vain(&looked) {
                    let id = looked.record.wanted.order_id.as_str();
                    eprintln!("worker: {id}: {why}");
                    self.left.remove(id);
                    self.all_completed = false;
                }
            }
        }
        Ok(())
    }

    /// Says once that nobody takes orders, if so.
    async fn warn(&mut self) -> Result<(), QueueError> {
        if self.is_warned {
            return Ok(());
        }
        if let Some(reason) = self.inspector.paused().await? {
            let reason = escape_control(&reason);
            eprintln!("worker: the queue is paused: {reason}; the orders wait for `worker resume`");
            self.is_warned = true;
        } else if self.inspector.status().await?.workers.is_empty() {
            eprintln!("worker: no worker is alive; the orders wait for one");
            self.is_warned = true;
        }
        Ok(())
    }

    fn in_vain(&self, looked: &OrderSnapshot) -> Option<String> {
        let state = looked.record.state;
        if state == State::Review {
            return Some("it is in review, for a person to see: `worker order` shows why".into());
        }
        let stream = looked.reply_to.as_ref()?;
        (state.has_ended() && !self.watch.covers(stream))
            .then(|| format!("it was put in before, and is {state}: its result is in {stream}"))
    }

    fn name_the_rest(&self) {
        if self.left.is_empty() {
            return;
        }
        let mut named: Vec<&str> = self.left.keys().copied().collect();
        named.sort_unstable();
        let more = named.len().saturating_sub(NAMED);
        named.truncate(NAMED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        eprintln!(
            "worker: no result yet for {}{more}; they are in the queue, and stay there",
            named.join(", ")
        );
    }
}

/// Redis is waited for as the results are.
fn again_later(done: Result<(), QueueError>) -> Result<(), QueueError> {
    match done {
        Err(QueueError::Unreachable(error)) => {
            eprintln!("worker: Redis cannot be reached: {error}; trying again");
            Ok(())
        }
        done => done,
    }
}
