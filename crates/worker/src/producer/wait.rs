use std::{collections::HashMap, path::Path, time::Duration};

use hp_order::{State, Status};
use hp_queue::{
    Delivery, Inspector, Job, OrderResult, OrderSnapshot, Queue, QueueError, Wait, Watch, WatchFrom,
};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{
    progress::{Counts, ResultProgress},
    result_printer::ResultPrinter,
};
use crate::{
    config::Config,
    terminal::{CommandError, CommandResult, errln, escape_control},
};

const PAGE: usize = 256;
/// The delay before the next read while Redis is unreachable.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// The time between two looks at the orders themselves: one in review gets no result.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Looks at many orders take long. They may take this part of the time.
const LOOK_SHARE: u32 = 10;
/// The most orders without a result that are listed.
const LISTED: usize = 20;

/// Orders whose results are awaited.
pub(super) struct Waiting<'a> {
    watch: Watch,
    inspector: Inspector,
    queue: Queue,
    pending: HashMap<&'a str, &'a Job>,
    progress: ResultProgress,
    has_warned: bool,
}

/// How to wait.
pub(super) struct WaitLimits<'a> {
    /// `None`: until all results are there.
    pub(super) timeout: Option<Duration>,
    /// Cancelled when the operator interrupts the wait.
    pub(super) interrupted: &'a CancellationToken,
    pub(super) shows_progress: bool,
}

impl<'a> Waiting<'a> {
    /// Begins to watch the result streams. Call it before the orders are enqueued.
    pub(super) async fn open(
        config: &Config,
        queue: &Queue,
        jobs: &'a [Job],
    ) -> Result<Self, QueueError> {
        // `{hp}:results` receives a result whose own stream cannot be written.
        let mut streams = vec![None];
        for job in jobs {
            if !streams.contains(&job.reply_to.as_ref()) {
                streams.push(job.reply_to.as_ref());
            }
        }
        let pending: HashMap<_, _> = jobs
            .iter()
            .map(|job| (job.order_id.as_str(), job))
            .collect();
        Ok(Self {
            watch: queue.watch(&streams, WatchFrom::Now).await?,
            inspector: config.inspector().await?,
            queue: queue.clone(),
            progress: ResultProgress::new(pending.len()),
            pending,
            has_warned: false,
        })
    }

    /// Prints each result when it is published. Returns `true` if every order was completed.
    pub(super) async fn wait(
        mut self,
        limits: WaitLimits<'_>,
        mut printer: ResultPrinter,
    ) -> CommandResult {
        if limits.shows_progress {
            self.progress.show();
        }
        let until = limits.timeout.map(|time| Instant::now() + time);
        tokio::select! {
            waited = self.wait_for_all(until, &mut printer) => waited?,
            () = limits.interrupted.cancelled() => {}
        }
        self.progress.finish();
        let (shown, file) = printer.printed();
        let all_readable = printer.finish()?;
        if limits.interrupted.is_cancelled() && !self.pending.is_empty() {
            self.explain_interruption(shown, file.as_deref());
        } else {
            self.list_pending();
        }
        let all_completed = self.progress.counts().not_completed == 0;
        Ok(all_completed && self.pending.is_empty() && all_readable)
    }

    async fn wait_for_all(
        &mut self,
        until: Option<Instant>,
        printer: &mut ResultPrinter,
    ) -> Result<(), CommandError> {
        let warned = self.warn_if_idle().await;
        self.tolerate_unreachable(warned)?;
        let mut next_look = Instant::now() + LOOK_INTERVAL;
        while !self.pending.is_empty() {
            let Some(deliveries) = self.next(until).await else {
                break;
            };
            let is_idle = deliveries.as_ref().is_ok_and(Vec::is_empty);
            let accepted = match deliveries {
                Ok(deliveries) => Ok(self.accept(&deliveries, printer)?),
                Err(error) => Err(error),
            };
            self.tolerate_unreachable(accepted)?;
            // Results of other orders may come without a pause.
            let looked_at = Instant::now();
            if is_idle || looked_at >= next_look {
                let looked = self.drop_hopeless().await;
                self.tolerate_unreachable(looked)?;
                let took = looked_at.elapsed();
                next_look = Instant::now() + LOOK_INTERVAL.max(took * LOOK_SHARE);
            }
            self.progress.print_line();
        }
        Ok(())
    }

    /// The next deliveries, or `None` at the time limit.
    async fn next(&mut self, until: Option<Instant>) -> Option<Result<Vec<Delivery>, QueueError>> {
        let next = async {
            let deliveries = self.watch.next(PAGE, Wait::ForOne).await;
            if matches!(deliveries, Err(QueueError::Unreachable(_))) {
                sleep(RETRY_DELAY).await;
            }
            deliveries
        };
        match until {
            None => Some(next.await),
            Some(until) => timeout_at(until, next).await.ok(),
        }
    }

    fn accept(
        &mut self,
        deliveries: &[Delivery],
        printer: &mut ResultPrinter,
    ) -> std::io::Result<()> {
        for delivery in deliveries {
            let Ok(result) = &delivery.result else {
                continue;
            };
            let id = result.order_id.as_str();
            let is_own = |job: &&Job| self.is_answer_to(job, &delivery.stream, result);
            if self.pending.get(id).is_some_and(is_own) {
                self.pending.remove(id);
                self.progress.advance(result.status == Status::Completed);
                self.progress.suspend(|| printer.print(delivery))?;
            }
        }
        printer.flush()
    }

    /// Whether a result of this id answers this very job. Another producer may use the same id.
    fn is_answer_to(&self, job: &Job, stream: &str, result: &OrderResult) -> bool {
        result.product_id == job.product_id.to_string()
            && result.quantity == job.quantity.to_string()
            && match result.reason.as_deref() {
                Some("order_id_conflict") => stream == self.queue.stream_key(job.reply_to.as_ref()),
                // A job of this command has no fault, unless its stream has become a key of another type.
                Some("invalid_job") => {
                    let detail = result.detail.as_deref().unwrap_or_default();
                    job.reply_to.is_some()
                        && stream == self.queue.stream_key(None)
                        && detail.starts_with("reply_to ")
                }
                Some("invalid_repetition") => false,
                _ => true,
            }
    }

    /// Stops waiting for orders that get no result here, and says why.
    async fn drop_hopeless(&mut self) -> Result<(), QueueError> {
        self.warn_if_idle().await?;
        let ids: Vec<&str> = self.pending.keys().copied().collect();
        for ids in ids.chunks(PAGE) {
            for snapshot in self.inspector.snapshot(ids).await?.into_iter().flatten() {
                if let Some(reason) = self.why_hopeless(&snapshot) {
                    let id = snapshot.record.wanted.order_id.as_str();
                    self.progress.suspend(|| errln!("worker: {id}: {reason}"));
                    self.pending.remove(id);
                    self.progress.advance(false);
                }
            }
        }
        Ok(())
    }

    /// Warns once if no worker claims orders.
    async fn warn_if_idle(&mut self) -> Result<(), QueueError> {
        if self.has_warned {
            return Ok(());
        }
        if let Some(reason) = self.inspector.paused().await? {
            let reason = escape_control(&reason);
            self.progress.suspend(|| {
                errln!(
                    "worker: the queue is paused: {reason}; the orders wait for `worker resume`"
                );
            });
            self.has_warned = true;
        } else if self.inspector.status().await?.workers.is_empty() {
            self.progress
                .suspend(|| errln!("worker: no worker is alive; start one with `worker run`"));
            self.has_warned = true;
        }
        Ok(())
    }

    fn why_hopeless(&self, snapshot: &OrderSnapshot) -> Option<String> {
        let (state, wanted) = (snapshot.record.state, &snapshot.record.wanted);
        let is_of =
            |job: &&Job| (job.product_id, job.quantity) == (wanted.product_id, wanted.quantity);
        let job = self.pending.get(wanted.order_id.as_str());
        if job.is_none_or(|job| !is_of(job)) {
            return Some("another job has used this order id before: use a new id".into());
        }
        if state == State::Review {
            return Some("the order is in review: `worker order` shows why".into());
        }
        let stream = snapshot.reply_to.as_ref()?;
        (state.has_ended() && !self.watch.covers(stream)).then(|| {
            format!("the order was enqueued before and is {state}; its result is in {stream}")
        })
    }

    fn list_pending(&self) {
        if self.pending.is_empty() {
            return;
        }
        let mut ids: Vec<&str> = self.pending.keys().copied().collect();
        ids.sort_unstable();
        let more = match ids.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        ids.truncate(LISTED);
        let ids = ids.join(", ");
        errln!("worker: no result yet for {ids}{more}; they stay in the queue");
    }

    /// Says what is saved, and how to go on.
    fn explain_interruption(&self, shown: u64, file: Option<&Path>) {
        let Counts { all, .. } = self.progress.counts();
        let saved = match file {
            Some(path) => format!("are saved in {}", path.display()),
            None => "were printed".into(),
        };
        let waiting = self.pending.len();
        errln!(
            "worker: interrupted: {shown} of {all} results {saved}. {waiting} more stay in the queue, and workers go on with them"
        );
        errln!(
            "worker: to wait again, run the same command: no order is bought twice, and results that are there come again. `worker results` reads all of them"
        );
    }

    /// Reports an unreachable Redis and continues: the next read comes after a delay.
    fn tolerate_unreachable(&self, done: Result<(), QueueError>) -> Result<(), QueueError> {
        match done {
            Err(error @ QueueError::Unreachable(_)) => {
                self.progress
                    .suspend(|| errln!("worker: {error}; trying again"));
                Ok(())
            }
            done => done,
        }
    }
}
