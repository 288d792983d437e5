use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use apalis_core::{error::BoxDynError, task::Task};
use hp_order::{DecisionInputs, Event, Next, State, Step, step};
use hp_queue::Settled;
use tower::{Layer, Service};
use tracing::{Instrument, debug, info, info_span, warn};

use super::{OrderProcessor, held::ClaimedOrder, keep};

/// Settles each order inside its own job, so that its slot and the drain cover the settling too. Keeps the lease
/// meanwhile.
#[derive(Clone)]
pub(crate) struct SettleLayer(pub(super) Arc<OrderProcessor>);

#[derive(Clone)]
pub(crate) struct SettleService<S> {
    inner: S,
    processor: Arc<OrderProcessor>,
}

impl<S> Layer<S> for SettleLayer {
    type Service = SettleService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SettleService {
            inner,
            processor: Arc::clone(&self.0),
        }
    }
}

impl<S> Service<Task<ClaimedOrder>> for SettleService<S>
where
    S: Service<Task<ClaimedOrder>, Response = Event>,
    S::Error: Into<BoxDynError>,
    S::Future: Send + 'static,
{
    type Response = ();
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, task: Task<ClaimedOrder>) -> Self::Future {
        let (processor, held) = (Arc::clone(&self.processor), task.args.clone());
        let record = held.record();
        let span = info_span!("order", id = %record.wanted.order_id, claim = record.claim, traceparent = held.claimed.traceparent);
        // "Not found" is as old as its question: it is judged by the time before the call.
        let moment = held.moment();
        let work = self.inner.call(task);
        Box::pin(
            async move {
                let done = keep::leased(&processor, &held.claimed, work).await;
                let event = done.map_err(Into::into).unwrap_or_else(|error| {
                    warn!(%error, "the order's code failed; its outcome is unknown");
                    Event::Panicked
                });
                settle(&processor, &held, event, moment).await;
                Ok(())
            }
            .instrument(span),
        )
    }
}

/// Moves the order on in the ledger. An outcome that cannot be written is kept until it can.
pub(super) async fn settle(
    processor: &OrderProcessor,
    held: &ClaimedOrder,
    event: Event,
    moment: DecisionInputs,
) {
    let contact = event.vendor_signal();
    let step = step(held.record(), event, &processor.policy, moment);
    if let Some(reason) = &step.pause {
        keep::until_written(|| processor.control.pause(reason, &processor.name)).await;
        warn!(%reason, "the queue is paused: no orders are taken until `worker resume`");
    }
    match keep::until_written(|| processor.ledger.settle(&held.claimed, &step, contact)).await {
        Settled::Applied(result) => {
            tell(&step, result.as_deref());
            if matches!(step.next, Next::After(_)) {
                processor.postponed.notify_one();
            }
        }
        Settled::Stale => {
            warn!(state = %step.state, "claimed by another worker meanwhile, or Redis was restarted: this outcome is dropped, and HitPoints asked");
        }
        Settled::Restored => {
            warn!(state = %step.state, "Redis had forgotten this order: it is there again, and HitPoints is asked what became of it");
            processor.postponed.notify_one();
        }
    }
}

fn tell(step: &Step, result: Option<&str>) {
    let (state, cause, code) = (
        step.state,
        step.cause.map(hp_order::Cause::as_str),
        step.code,
    );
    let message = step.message.as_deref();
    match &step.next {
        Next::End(ending) => {
            info!(%state, reason = ending.reason(), code, attempts = step.attempts, result, "ended");
        }
        Next::Review => warn!(%state, cause, code, answer = message, "needs a person"),
        Next::After(delay) if state == State::Uncertain => {
            warn!(%state, cause, code, answer = message, ?delay, "outcome unknown; asking HitPoints later");
        }
        Next::After(delay) => debug!(%state, code, answer = message, ?delay, "later"),
    }
}
