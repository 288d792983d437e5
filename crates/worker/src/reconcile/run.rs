use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use hp_api::OrderId;
use hp_order::{Millis, QueryVerdict, VendorSignal};
use hp_queue::{ClaimBatch, Inspector, OpenOrderScan, QueueError};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::report::Report;
use crate::engine::{processor::OrderProcessor, retry::retry_while_unreachable};

/// Orders of one page of a scan.
const PAGE: usize = 256;
/// Orders that are queried at the same time. A small number, so that new orders are not delayed.
pub(super) const CONCURRENT_QUERIES: usize = 16;
/// Calls in a row without an answer that end a run whose calls the breaker does not count.
const MAX_FAILURES: u32 = 10;
/// How long a run waits in all for an open breaker.
const BREAKER_PATIENCE: Duration = Duration::from_mins(1);

/// Why a run ended before it had checked everything.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("the queue is paused: {0}. Fix the cause, then run `worker resume`")]
    Paused(String),
    #[error("HitPoints refuses this account: {0}. Fix the cause, then start the run again")]
    Account(String),
    #[error(
        "this process cannot reach HitPoints. Check api.base_url, DNS and the network of this machine with `worker doctor`"
    )]
    CannotSend,
    #[error("{0}. Another process continues")]
    SelfPaused(String),
    #[error("HitPoints does not answer. The next run continues")]
    VendorUnreachable,
    #[error(
        "HitPoints gave no definite answer about {0} of the ended orders. Start the audit again"
    )]
    Unanswered(u64),
    #[error(
        "another process has taken over this run, because this process was suspended for too long"
    )]
    Lost,
    #[error("interrupted. Settled orders stay settled, and the next run continues")]
    Interrupted,
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// A run over open orders. It claims and settles them as workers do.
pub(crate) struct Run<'a> {
    pub(super) processor: &'a OrderProcessor,
    pub(super) report: Report,
    pub(super) progress: &'a (dyn Progress + Sync),
    /// When it is cancelled, the run releases its claimed orders and ends.
    pub(super) stop: CancellationToken,
    started: Instant,
    waited_for_breaker: Duration,
    has_answers: bool,
    failures: u32,
    /// What the last of them was.
    last_failure: Option<VendorSignal>,
    /// `true` if an operator named the orders; `false` if they come from the indexes.
    pub(super) is_named: bool,
    /// `true` if the run also checks open orders that are certainly not charged.
    pub(super) includes_unsent: bool,
}

/// Shows the progress of a run.
pub(crate) trait Progress {
    /// Counts this many more orders as done.
    fn advance(&self, orders: usize);
}

impl Progress for () {
    fn advance(&self, _: usize) {}
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        processor: &'a OrderProcessor,
        report: Report,
        progress: &'a (dyn Progress + Sync),
        stop: CancellationToken,
    ) -> Self {
        Self {
            processor,
            report,
            progress,
            stop,
            started: Instant::now(),
            waited_for_breaker: Duration::ZERO,
            has_answers: false,
            failures: 0,
            last_failure: None,
            is_named: false,
            includes_unsent: false,
        }
    }

    /// Completes the report of a run that ended with this result.
    pub(crate) fn into_report(self, ended: &Result<(), RunError>) -> Report {
        let took = self.started.elapsed();
        Report {
            finished_at: Millis(self.report.started_at).plus(took).0,
            incomplete: ended.as_ref().err().map(ToString::to_string),
            ..self.report
        }
    }

    /// Checks every open order that was admitted by `until`, and scheduled orders that the index of open orders lacks.
    pub(crate) async fn check_all(&mut self, until: Millis) -> Result<(), RunError> {
        self.processor.run_probe.refresh().await;
        let inspector = &self.processor.inspector;
        let mut scan = OpenOrderScan::default();
        loop {
            let (page, next) =
                retry_while_unreachable(|| open_orders(inspector, &scan, until)).await?;
            scan = next;
            if page.is_empty() {
                break;
            }
            self.check(&page).await?;
        }
        let mut cursor = 0;
        loop {
            let (page, next) =
                retry_while_unreachable(|| unlisted_orders(inspector, cursor, until)).await?;
            cursor = next;
            self.check(&page).await?;
            if cursor == 0 {
                return self.require_answers();
            }
        }
    }

    /// Checks the orders that an operator named.
    pub(crate) async fn check_named(&mut self, ids: &[OrderId]) -> Result<(), RunError> {
        let ids: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
        self.is_named = true;
        self.check(&Vec::from_iter(ids)).await?;
        self.require_answers()
    }

    /// Fails if no call got an answer: such a run has checked nothing.
    fn require_answers(&self) -> Result<(), RunError> {
        if self.failures > 0 && !self.has_answers {
            return Err(self.unreachable());
        }
        Ok(())
    }

    /// Counts what a call says about HitPoints.
    pub(super) fn count_signal(&mut self, signal: VendorSignal) {
        match signal {
            VendorSignal::Answered => {
                self.has_answers = true;
                self.failures = 0;
            }
            VendorSignal::NoAnswer | VendorSignal::NeverSent => {
                self.failures += 1;
                self.last_failure = Some(signal);
            }
            VendorSignal::None | VendorSignal::OwnFailure | VendorSignal::Throttled(_) => {}
        }
    }

    /// Fails if this process cannot send anything. The breaker does not notice it, and the calls of other processes may work.
    pub(super) fn require_link(&self) -> Result<(), RunError> {
        if self.cannot_send() && self.failures >= MAX_FAILURES {
            return Err(RunError::CannotSend);
        }
        Ok(())
    }

    /// `true` if the last call without an answer could not leave this process.
    fn cannot_send(&self) -> bool {
        self.last_failure == Some(VendorSignal::NeverSent)
    }

    fn unreachable(&self) -> RunError {
        if self.cannot_send() {
            RunError::CannotSend
        } else {
            RunError::VendorUnreachable
        }
    }

    /// Counts a query that the breaker does not count. Fails if further queries are useless.
    pub(super) fn count_verdict(&mut self, verdict: &QueryVerdict) -> Result<(), RunError> {
        self.count_signal(verdict.vendor_signal());
        match verdict {
            QueryVerdict::AccountRefused(doubt) => Err(RunError::Account(doubt.message.clone())),
            _ if self.failures >= MAX_FAILURES => Err(self.unreachable()),
            _ => Ok(()),
        }
    }

    /// Slows down all workers if a front end has asked for it in the answer to a query that is not settled.
    pub(super) async fn follow_throttle(&self, verdict: &QueryVerdict) -> Result<(), RunError> {
        if let VendorSignal::Throttled(asked) = verdict.vendor_signal() {
            let control = &self.processor.control;
            retry_while_unreachable(|| control.slow_down(asked)).await?;
        }
        Ok(())
    }

    /// Checks these orders, except those that a worker has claimed.
    async fn check(&mut self, ids: &[String]) -> Result<(), RunError> {
        if self.report.dry_run {
            return self.preview(ids).await;
        }
        let mut left: Vec<&str> = ids.iter().map(String::as_str).collect();
        while !left.is_empty() {
            self.require_running()?;
            let (processor, before) = (self.processor, left.len());
            let leaves_unsent = self.leaves_unsent();
            let claim = || {
                let ledger = &processor.ledger;
                ledger.claim_for_run(CONCURRENT_QUERIES, processor.lease, &left, leaves_unsent)
            };
            let batch = retry_while_unreachable(claim).await?;
            let seen = ids_of(&batch);
            left.retain(|id| !seen.contains(*id));
            self.progress.advance(before - left.len());
            let (wait, is_breaker_open) = (batch.wait, batch.breaker_open_since.is_some());
            self.check_batch(batch).await?;
            if let Some(wait) = wait {
                self.wait(wait, is_breaker_open).await?;
            }
        }
        Ok(())
    }

    /// Acquires permits for up to `calls` calls, and waits until there is at least one.
    pub(super) async fn acquire_permits(&mut self, calls: usize) -> Result<usize, RunError> {
        loop {
            self.require_running()?;
            let control = &self.processor.control;
            let permits = retry_while_unreachable(|| control.acquire_run_permits(calls)).await?;
            if let Some(reason) = permits.paused {
                return Err(RunError::Paused(reason));
            }
            if permits.calls > 0 {
                return Ok(permits.calls);
            }
            self.wait(permits.wait, permits.is_breaker_open).await?;
        }
    }

    /// A run queries HitPoints about orders that may be charged. An audit and an operator may want to know about the others,
    /// too.
    pub(super) fn leaves_unsent(&self) -> bool {
        !self.is_named && !self.includes_unsent
    }

    pub(super) fn require_running(&self) -> Result<(), RunError> {
        if self.stop.is_cancelled() {
            return Err(RunError::Interrupted);
        }
        match self.processor.self_pause.reason() {
            Some(reason) => Err(RunError::SelfPaused(reason)),
            None => Ok(()),
        }
    }

    /// Waits for the rate limit, or until the breaker lets an order through.
    async fn wait(&mut self, time: Duration, is_breaker_open: bool) -> Result<(), RunError> {
        if is_breaker_open {
            self.waited_for_breaker += time;
            if self.waited_for_breaker > BREAKER_PATIENCE {
                return Err(RunError::VendorUnreachable);
            }
        }
        tokio::select! {
            () = sleep(time) => Ok(()),
            () = self.stop.cancelled() => Err(RunError::Interrupted),
        }
    }
}

async fn open_orders(
    inspector: &Inspector,
    scan: &OpenOrderScan,
    until: Millis,
) -> Result<(Vec<String>, OpenOrderScan), QueueError> {
    let mut scan = scan.clone();
    let page = inspector.open_orders(&mut scan, until, PAGE).await?;
    Ok((page, scan))
}

async fn unlisted_orders(
    inspector: &Inspector,
    mut cursor: u64,
    until: Millis,
) -> Result<(Vec<String>, u64), QueueError> {
    let page = inspector.unlisted_orders(&mut cursor, until).await?;
    Ok((page, cursor))
}

fn ids_of(batch: &ClaimBatch) -> HashSet<String> {
    let skipped = batch.skips.iter().map(|(id, _)| id.clone());
    let unreadable = batch.unreadable.iter().map(|(id, _)| id.clone());
    let claimed = batch.claims.iter().map(|claim| claim.id().to_string());
    skipped.chain(unreadable).chain(claimed).collect()
}
