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

use super::{
    OrderProcessor,
    held::ClaimedOrder,
    settle::{SettleLayer, settle},
    stop::Shutdown,
};

/// The take loop as apalis sees it. Redis' troubles never come up here: an error would end the worker and drop
/// what it is doing.
pub(crate) struct Orders {
    processor: Arc<OrderProcessor>,
    claimed: mpsc::Receiver<ClaimedOrder>,
    taking: Option<JoinHandle<()>>,
    closing: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    stop: Shutdown,
}

/// The take loop ended though nobody asked it to: a fault of the program.
#[derive(Debug, thiserror::Error)]
#[error("orders are not taken any more, though nobody asked to stop; please report this")]
pub(crate) struct PollerStopped;

impl Orders {
    pub(super) fn new(
        processor: Arc<OrderProcessor>,
        claimed: mpsc::Receiver<ClaimedOrder>,
        taking: JoinHandle<()>,
        stop: Shutdown,
    ) -> Self {
        Self {
            processor,
            claimed,
            taking: Some(taking),
            closing: None,
            stop,
        }
    }

    /// Waits for a take that is under way, then gives back what was never started.
    fn close(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let processor = Arc::clone(&self.processor);
        let (taking, (_, none)) = (self.taking.take(), mpsc::channel(1));
        let mut claimed = std::mem::replace(&mut self.claimed, none);
        Box::pin(async move {
            if let Some(taking) = taking {
                let _ = taking.await;
            }
            while let Ok(held) = claimed.try_recv() {
                settle(&processor, &held, Event::Released, held.moment()).await;
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
            Some(held) => Poll::Ready(Some(Ok(TaskBuilder::new(held).build()))),
            // `Ready(None)` would hang the worker.
            None if self.stop.is_asked() => Poll::Pending,
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
