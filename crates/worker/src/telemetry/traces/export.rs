//! Counts the spans that the collector does not get.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use opentelemetry::Context;
use opentelemetry_otlp::SpanExporter as OtlpExporter;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor},
};
use prometheus_client::metrics::counter::Counter;
use tracing::warn;

use super::http::LastFailure;

/// The name of the obstacle that the collector accepts no spans, in the log.
const TRACES: &str = "traces";

/// The spans of this process that have ended.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// Those that the collector has not accepted yet.
    waiting: AtomicUsize,
    /// Those for which there was no room, since the last report.
    surplus: AtomicUsize,
    lost: Counter,
}

impl Figures {
    pub(super) fn lost(&self) -> Counter {
        self.lost.clone()
    }

    /// Counts the spans that wait as lost: nobody exports them any more. Returns their number.
    pub(super) fn give_up(&self) -> usize {
        let waiting = self.waiting.swap(0, Ordering::Relaxed);
        self.lost.inc_by(waiting as u64);
        waiting
    }
}

/// Warns that there is no room, in a thread of its own: an export may not return for a long time. The thread ends with the
/// sender that this returns.
pub(super) fn warn_of_surplus(figures: Arc<Figures>) -> io::Result<SyncSender<()>> {
    let (sender, receiver) = sync_channel(1);
    let builder = thread::Builder::new().name("traces-room".into());
    builder.spawn(move || warn_when_told(&receiver, &figures))?;
    Ok(sender)
}

fn warn_when_told(receiver: &Receiver<()>, figures: &Figures) {
    while receiver.recv().is_ok() {
        let surplus = figures.surplus.swap(0, Ordering::Relaxed);
        if surplus > 0 {
            // The log writes the first one, and counts the others.
            warn!(
                obstacle = "traces_room",
                spans = surplus,
                "spans are lost: more have ended than the collector has accepted"
            );
        }
    }
}

/// Hands spans to the thread that exports them, while there is room. It never waits.
#[derive(Debug)]
pub(super) struct BoundedProcessor {
    pub(super) thread: BatchSpanProcessor,
    pub(super) figures: Arc<Figures>,
    /// The most spans that may wait. The library has room for as many.
    pub(super) room: usize,
    /// Wakes the thread that warns.
    pub(super) surplus: SyncSender<()>,
}

impl SpanProcessor for BoundedProcessor {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.thread.on_start(span, context);
    }

    /// Logs nothing: the log asks for the span that is just ending.
    fn on_end(&self, span: SpanData) {
        if self.figures.waiting.fetch_add(1, Ordering::Relaxed) < self.room {
            return self.thread.on_end(span);
        }
        self.figures.waiting.fetch_sub(1, Ordering::Relaxed);
        self.figures.surplus.fetch_add(1, Ordering::Relaxed);
        self.figures.lost.inc();
        // A message that waits already is enough.
        let _ = self.surplus.try_send(());
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.thread.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.thread.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.thread.set_resource(resource);
    }
}

/// Exports spans, and logs and counts those that are lost. Runs in a thread of its own.
#[derive(Debug)]
pub(super) struct CountingExporter {
    pub(super) otlp: OtlpExporter,
    pub(super) figures: Arc<Figures>,
    pub(super) failure: LastFailure,
}

impl SpanExporter for CountingExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let exported = self.otlp.export(batch).await;
        self.figures.waiting.fetch_sub(spans, Ordering::Relaxed);
        if exported.is_err() {
            self.figures.lost.inc_by(spans as u64);
            let error = self.failure.text();
            warn!(
                obstacle = TRACES,
                spans, error, "cannot export traces; these spans are lost, and orders go on"
            );
        }
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.otlp.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}
