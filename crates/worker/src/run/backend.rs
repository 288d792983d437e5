//! The only file that knows apalis' `Backend`: claimed orders as its tasks.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use apalis_core::{
    backend::{Backend, BackendConfig, finalize::Ephemeral},
    task::{Task, builder::TaskBuilder},
    worker::context::WorkerContext,
};
use hp_order::Event;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::settle_layer::SettleLayer;
use crate::engine::{
    claimed_order::ClaimedOrder,
    processor::OrderProcessor,
    settle::{Settler, settle},
};

/// The orders that the poller claims. Failures of Redis never reach apalis: an error would end the worker and drop the
/// orders that it is processing.
pub(super) struct Orders {
    processor: Arc<OrderProcessor>,
    claimed: mpsc::Receiver<ClaimedOrder>,
    poller: Option<JoinHandle<()>>,
    closing: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    stop: CancellationToken,
}

/// The poller ended without a shutdown: a bug.
#[derive(Debug, thiserror::Error)]
#[error("the poller stopped without a shutdown request. This is a bug: please report it")]
pub(super) struct PollerStopped;

impl Orders {
    pub(super) fn new(
        processor: Arc<OrderProcessor>,
        claimed: mpsc::Receiver<ClaimedOrder>,
        poller: JoinHandle<()>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            processor,
            claimed,
            poller: Some(poller),
            closing: None,
            stop,
        }
    }

    /// Waits for a claim request that is under way, then releases the orders that were never started.
    fn close(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let processor = Arc::clone(&self.processor);
        let (poller, (_, empty)) = (self.poller.take(), mpsc::channel(1));
        let mut claimed = std::mem::replace(&mut self.claimed, empty);
        Box::pin(async move {
            if let Some(poller) = poller {
                let _ = poller.await;
            }
            while let Ok(order) = claimed.try_recv() {
                let inputs = processor.decision_inputs(order.now());
                let claim = &order.claim;
                let _ = settle(&processor, claim, Event::Released, inputs, Settler::Worker).await;
            }
        })
    }
}

impl Backend for Orders {
    type Task = Task<ClaimedOrder>;
    type Error = PollerStopped;

    fn poll_ready(
        &mut self,
        _: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Result<(), PollerStopped>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Option<Result<Self::Task, PollerStopped>>> {
        match ready!(self.claimed.poll_recv(cx)) {
            Some(order) => Poll::Ready(Some(Ok(TaskBuilder::new(order).build()))),
            // `Ready(None)` would hang the worker.
            None if self.stop.is_cancelled() => Poll::Pending,
            None => Poll::Ready(Some(Err(PollerStopped))),
        }
    }

    fn poll_close(
        &mut self,
        cx: &mut Context<'_>,
        _: &WorkerContext,
    ) -> Poll<Result<(), PollerStopped>> {
        let mut closing = self.closing.take().unwrap_or_else(|| self.close());
        if closing.as_mut().poll(cx).is_pending() {
            self.closing = Some(closing);
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for Orders {
    type Args = ClaimedOrder;
    type Id = String;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = SettleLayer;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _: &mut WorkerContext) -> SettleLayer {
        SettleLayer(Arc::clone(&self.processor))
    }
}
