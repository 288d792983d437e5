//! The only way to settle an order, for workers, reconciliation runs and operator commands.

use std::time::Duration;

use hp_order::{Cause, DecisionInputs, Event, Millis, Next, State, Step, VendorSignal, step};
use hp_queue::{Claim, QueueError, Settled};
use tokio::time::Instant;
use tracing::{Instrument, Span, debug, error_span, info, warn};

use super::{
    order_spans::{OpenSpan, record_settled, trace_id},
    processor::OrderProcessor,
    retry::{retry_until_written, retry_while_unreachable},
    settlement::Settlement,
};
use crate::obstacle::VendorFailure;

/// The process that settles. It determines what happens if Redis or the account fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settler {
    /// A worker. It keeps the outcome until Redis has it. A failure of its account pauses the queue.
    Worker,
    /// A reconciliation run on the schedule. It gives up after about fifteen seconds: the order is then due when its
    /// lease ends. A failure of its account pauses the queue.
    ScheduledRun,
    /// A command of an operator. It gives up after about fifteen seconds. A failure of its account does not pause the
    /// queue.
    Operator,
}

impl Settler {
    const fn pauses_queue(self) -> bool {
        matches!(self, Self::Worker | Self::ScheduledRun)
    }
}

/// The span of all log lines about a claimed order. It has the highest level, so that warnings name their order, too, where
/// the log has only warnings. `trace` is the span of the claim that is exported, if it is.
pub(crate) fn order_span(claim: &Claim, trace: &Span) -> Span {
    error_span!("order", id = %claim.id(), claim = claim.record.claim, trace_id = trace_id(trace, claim), traceparent = claim.traceparent)
}

/// Decides with [`step`] how a claimed order continues after `event`, and applies the step.
///
/// `inputs` holds the times before and after the call to HitPoints: "not found" may be as old as the request, and the age of
/// a record counts at the answer.
pub(crate) async fn settle(
    processor: &OrderProcessor,
    claim: &Claim,
    event: Event,
    inputs: DecisionInputs,
    settler: Settler,
) -> Result<Settlement, QueueError> {
    let (signal, started) = (event.vendor_signal(), Instant::now());
    let failure = VendorFailure::of(&event).filter(|_| signal == VendorSignal::NoAnswer);
    let step = step(&claim.record, event, &processor.policy(), inputs);
    if let Some(reason) = step.pause.as_deref().filter(|_| settler.pauses_queue()) {
        pause(processor, reason, settler).await?;
    }
    let span = processor.spans.of_settle(claim, &step);
    let open = OpenSpan::new(&span);
    let write = || processor.ledger.settle(claim, &step, signal);
    let is_unused = signal == VendorSignal::None;
    let settled = async {
        match settler {
            Settler::Worker => Ok(retry_until_written(write).await),
            Settler::ScheduledRun | Settler::Operator => retry_while_unreachable(write).await,
        }
    };
    let settled = settled.instrument(span.clone()).await;
    record_settled(open, &settled);
    drop(span);
    let settled = settled?;
    if is_unused {
        processor.permit_returned.notify_one();
    }
    if let Some(failure) = failure {
        processor.vendor_note.note(&failure).await;
    }
    let settled_at = inputs.answered_at.plus(started.elapsed());
    count(processor, claim, &step, &settled, settled_at);
    Ok(report(processor, step, settled))
}

async fn pause(
    processor: &OrderProcessor,
    reason: &str,
    settler: Settler,
) -> Result<(), QueueError> {
    let pause = || processor.control.pause(reason, &processor.name);
    match settler {
        Settler::Worker => retry_until_written(pause).await,
        _ => retry_while_unreachable(pause).await?,
    };
    warn!(%reason, "queue paused: no worker claims orders until `worker resume`");
    Ok(())
}

/// Counts what a settle call has done. A further copy of a result ends no order.
fn count(processor: &OrderProcessor, claim: &Claim, step: &Step, settled: &Settled, now: Millis) {
    let metrics = &processor.metrics.orders;
    match (settled, &step.next) {
        (Settled::Applied(_), Next::End(outcome)) if !claim.record.state.has_ended() => {
            metrics.count_end(outcome, now.since(began_at(claim)));
        }
        (Settled::Applied(_), _) => {}
        (Settled::Stale | Settled::Restored, _) => metrics.count_fenced_settle(),
    }
}

/// Entries do not wait in the inbox for longer. An older time is one that a producer has chosen.
const LONGEST_WAIT: Duration = Duration::from_hours(30 * 24);

/// When the order was enqueued, as far as this claim knows; else when it was admitted.
fn began_at(claim: &Claim) -> Millis {
    let accepted_at = claim.record.accepted_at;
    let is_usable = |at: &Millis| accepted_at.since(*at) <= LONGEST_WAIT;
    let enqueued_at = claim.enqueued_at.filter(is_usable);
    enqueued_at.map_or(accepted_at, |at| at.min(accepted_at))
}

fn report(processor: &OrderProcessor, step: Step, settled: Settled) -> Settlement {
    let state = step.state;
    match settled {
        Settled::Applied(result) => {
            log(&step, result.as_deref());
            if let Next::After(delay) = step.next {
                processor.rescheduled.note(delay);
            }
            Settlement::Applied(step)
        }
        Settled::Stale => {
            warn!(obstacle = "claim_lost", %state, "claim lost to another worker or a restart of Redis; the next claimant queries HitPoints");
            Settlement::ClaimLost
        }
        Settled::Restored => {
            warn!(obstacle = "order_forgotten", %state, "Redis had forgotten this order; it is restored in doubt, and the next claimant queries HitPoints");
            processor.rescheduled.note(Duration::ZERO);
            Settlement::Restored
        }
    }
}

fn log(step: &Step, result: Option<&str>) {
    let (state, code) = (step.state, step.code);
    let cause = step.cause.map(Cause::as_str);
    let answer = step.message.as_deref();
    match &step.next {
        Next::End(outcome) => {
            info!(%state, reason = outcome.reason(), code, attempts = step.attempts, result, "order ended");
        }
        Next::Parked => {
            warn!("cannot publish the result again: only another account has the cards");
        }
        Next::Held { scope, .. } => debug!(%state, %scope, "order waits for its balance"),
        Next::Review => warn!(%state, cause, code, answer, "order needs review"),
        Next::After(delay) if state == State::Uncertain => {
            let obstacle = cause.unwrap_or("unknown");
            warn!(obstacle, %state, cause, code, answer, ?delay, "outcome unknown; a worker queries HitPoints later");
        }
        Next::After(delay) => debug!(%state, code, answer, ?delay, "order rescheduled"),
    }
}
