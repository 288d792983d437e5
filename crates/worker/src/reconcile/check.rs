//! One batch of claimed orders: query, settle, count.

use std::panic::AssertUnwindSafe;

use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use hp_order::{Event, Millis, Record, State, Step, Task, VendorSignal};
use hp_queue::{Claim, ClaimBatch, ClaimSkip, QueueError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, warn};

use super::run::{Run, RunError};
use crate::engine::{
    lease::while_leased,
    order_spans::{OpenSpan, record_outcome},
    processor::OrderProcessor,
    settle::{Settler, order_span, settle},
    settlement::Settlement,
};

/// The outcome of the check of a claimed order.
enum Checked {
    Settled(Step),
    /// Another worker has claimed it, or Redis had forgotten it.
    ClaimLost,
    /// The run stopped before the query ended.
    Released,
}

impl Run<'_> {
    pub(super) async fn check_batch(&mut self, batch: ClaimBatch) -> Result<(), RunError> {
        if let Some(reason) = batch.paused {
            return Err(RunError::Paused(reason));
        }
        for (id, skip) in batch.skips {
            self.count_skip(&id, skip);
        }
        for (id, error) in batch.unreadable {
            self.report.count_unreadable(&id, &error);
        }
        let (processor, settler) = (self.processor, self.settler());
        let halt = self.stop.clone();
        let claims = batch.claims.iter();
        let mut checks: FuturesUnordered<_> = claims
            .map(|claim| {
                let trace = processor.spans.of_claim(claim, None, || Task::Query);
                let span = order_span(claim, &trace);
                let check = check_order(processor, claim, &halt, settler, OpenSpan::new(&trace));
                check.instrument(span).instrument(trace)
            })
            .collect();
        // An error of one order does not stop the other orders of the batch.
        let (mut ended, mut account_failure) = (Ok(()), None);
        while let Some((claim, signal, checked)) = checks.next().await {
            self.count_signal(signal);
            match checked {
                Ok(Checked::Settled(step)) => {
                    let before = claim.record.state;
                    self.report
                        .count(claim.id().as_str(), before, signal, &step);
                    account_failure = account_failure.or(step.pause);
                }
                Ok(Checked::ClaimLost) => self.report.claimed += 1,
                Ok(Checked::Released) if ended.is_ok() => ended = Err(RunError::Interrupted),
                Ok(Checked::Released) => {}
                Err(error) => ended = Err(error.into()),
            }
        }
        match account_failure {
            Some(reason) if settler == Settler::ScheduledRun => Err(RunError::Paused(reason)),
            Some(reason) => Err(RunError::Account(reason)),
            None => ended.and_then(|()| self.require_link()),
        }
    }

    fn settler(&self) -> Settler {
        match self.report.tick {
            Some(_) => Settler::ScheduledRun,
            None => Settler::Operator,
        }
    }

    fn count_skip(&mut self, id: &str, skip: ClaimSkip) {
        match skip {
            ClaimSkip::Claimed => self.report.claimed += 1,
            ClaimSkip::Unsent => self.report.uncharged += 1,
            ClaimSkip::Ended => self.report.ended += 1,
            ClaimSkip::Unknown if self.is_named => self.report.count_unknown(id),
            // Another run has repaired the index since this one read it.
            ClaimSkip::Unknown => {}
            ClaimSkip::Repaired(repair) => self.report.count_repair(repair),
            ClaimSkip::Unusable(error) => self.report.count_unreadable(id, &error),
        }
    }
}

/// Queries HitPoints for the record of a claimed order, and settles the order.
async fn check_order<'a>(
    processor: &OrderProcessor,
    claim: &'a Claim,
    halt: &CancellationToken,
    settler: Settler,
    trace: OpenSpan,
) -> (&'a Claim, VendorSignal, Result<Checked, QueueError>) {
    let (inputs, started) = (processor.decision_inputs(claim.at), Instant::now());
    let query = async {
        tokio::select! {
            biased;
            event = query(processor, &claim.record, claim.at) => event,
            () = halt.cancelled() => Event::Released,
        }
    };
    let query = while_leased(&processor.ledger, claim, processor.lease, query);
    let event = AssertUnwindSafe(query).catch_unwind().await;
    let event = event.unwrap_or_else(|_| {
        warn!("the check panicked; the outcome of the order is unknown");
        Event::Panicked
    });
    let (is_released, signal) = (event == Event::Released, event.vendor_signal());
    let inputs = inputs.answered_after(started.elapsed());
    let settled = settle(processor, claim, event, inputs, settler).await;
    if let Ok(settlement) = &settled {
        record_outcome(trace, claim, settlement);
    }
    let checked = settled.map(|settlement| match settlement {
        _ if is_released => Checked::Released,
        Settlement::Applied(step) => Checked::Settled(step),
        Settlement::ClaimLost | Settlement::Restored => Checked::ClaimLost,
    });
    (claim, signal, checked)
}

/// Queries HitPoints for the record of an order, unless the order needs no query or has crashed too many workers.
pub(super) async fn query(processor: &OrderProcessor, record: &Record, now: Millis) -> Event {
    match record.state {
        State::Failed | State::Rejected | State::Expired => Event::ReplayRequested,
        State::Uncertain | State::Review | State::Completed if record.other_account.is_some() => {
            Event::OtherAccount
        }
        state if !state.has_ended() && record.is_poison(&processor.policy()) => Event::Crashed,
        _ => Event::Reconciled(processor.query_for_run(record, now).await),
    }
}
