use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use apalis_core::{error::BoxDynError, task::Task};
use hp_order::Event;
use tokio::time::Instant;
use tower::{Layer, Service};
use tracing::{Instrument, warn};

use crate::engine::{
    claimed_order::ClaimedOrder,
    lease::while_leased,
    order_spans::{OpenSpan, record_outcome},
    processor::OrderProcessor,
    settle::{Settler, order_span, settle},
};

/// Settles each order inside its own task, so that the concurrency slot and the drain cover the settlement too.
#[derive(Clone)]
pub(super) struct SettleLayer(pub(super) Arc<OrderProcessor>);

#[derive(Clone)]
pub(super) struct SettleService<S> {
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
        let (processor, order) = (Arc::clone(&self.processor), task.args.clone());
        let trace = processor
            .spans
            .of_claim(&order.claim, order.admission.as_ref(), || {
                processor.task(order.record(), order.now())
            });
        let span = order_span(&order.claim, &trace);
        let open = OpenSpan::new(&trace);
        let (inputs, started) = (processor.decision_inputs(order.now()), Instant::now());
        let work = self.inner.call(task);
        let settled = async move {
            let (ledger, lease) = (&processor.ledger, processor.lease);
            let processed = while_leased(ledger, &order.claim, lease, work).await;
            let event = processed.unwrap_or_else(|_| {
                // The error repeats the text of the panic, which may contain values. The log has the place of it already.
                warn!("processing panicked; the outcome of the order is unknown");
                Event::Panicked
            });
            let inputs = inputs.answered_after(started.elapsed());
            // A worker retries until the outcome is written.
            let settled = settle(&processor, &order.claim, event, inputs, Settler::Worker).await;
            if let Ok(settlement) = settled {
                record_outcome(open, &order.claim, &settlement);
            }
            Ok(())
        };
        Box::pin(settled.instrument(span).instrument(trace))
    }
}
