//! Spans of orders, exported to a collector over OTLP/HTTP. Off unless an endpoint is set. `docs/traces.md` lists the spans.
//!
//! A span that has the field `otel.kind` is for the collector and never for the log, whatever `log.filter` says. All other spans
//! are for the log only. Warnings in an exported span become events of it.

pub(crate) mod destination;
mod export;
mod http;
mod limits;
mod sampler;

use std::{
    env,
    error::Error,
    pin::pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, Waker},
    time::Duration,
};

use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{
        BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider, SpanExporter as _,
    },
};
use prometheus_client::metrics::counter::Counter;
use tracing::{Level, Metadata, level_filters::LevelFilter, warn};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::{Layer, Registry, filter::FilterFn};

use destination::{Destination, Resolved, resolve};
use export::{BoundedProcessor, CountingExporter, Figures, warn_of_surplus};
use http::{CollectorClient, LastFailure};
use limits::Limits;
use sampler::LinkedSampler;

use crate::config::Otel;

/// How long a process that ends waits for the collector. The drain of a worker and this fit into the 30 s of Kubernetes.
const FLUSH_LIMIT: Duration = Duration::from_secs(2);
/// The name of the service, unless a standard variable gives another one.
const SERVICE: &str = "hitpoints-worker";

static EXPORT: OnceLock<Export> = OnceLock::new();

/// The export of this process.
struct Export {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    figures: Arc<Figures>,
}

pub(super) type TraceLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts the export if the settings or the standard variables name a collector. Also returns what is wrong with them: it stops
/// no worker.
pub(super) fn start(otel: &Otel) -> (Option<TraceLayer>, Vec<String>) {
    let read = |name: &str| env::var(name).ok();
    let resolved = resolve(otel, read);
    let mut warnings = resolved.warnings;
    let Some(destination) = resolved.destination else {
        return (None, warnings);
    };
    let (sampler, unusable) = LinkedSampler::of_variables(read);
    warnings.extend(unusable.map(Into::into));
    let limits = Limits::of_variables(read, &mut warnings);
    match Export::start(destination, sampler, &limits) {
        Ok(export) => (Some(EXPORT.get_or_init(|| export).layer()), warnings),
        Err(error) => {
            warnings.push(format!("no traces are exported: {error}"));
            (None, warnings)
        }
    }
}

/// Exports what is left, for a short time at most. Blocks, so tokio must have ended.
pub(super) fn finish() {
    let Some(export) = EXPORT.get() else {
        return;
    };
    let _ = export.provider.shutdown_with_timeout(FLUSH_LIMIT);
    let spans = export.figures.give_up();
    if spans > 0 {
        warn!(
            spans,
            "spans are lost: the collector has not accepted them before the end of the process"
        );
    }
}

/// The number of spans that the collector has not got.
pub(super) fn lost_spans() -> Counter {
    let export = EXPORT.get();
    export.map_or_else(Counter::default, |export| export.figures.lost())
}

/// Makes spans for which the time is given, if traces are exported.
pub(crate) fn tracer() -> Option<&'static SdkTracer> {
    EXPORT.get().map(|export| &export.tracer)
}

/// `true` for spans that go to the collector and not to the log.
pub(super) fn is_exported_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.fields().field("otel.kind").is_some()
}

impl Export {
    fn start(
        destination: Destination,
        sampler: LinkedSampler,
        limits: &Limits,
    ) -> Result<Self, Box<dyn Error>> {
        let (figures, failure) = (Arc::<Figures>::default(), LastFailure::default());
        let exporter = CountingExporter {
            otlp: otlp_exporter(destination, &failure)?,
            figures: Arc::clone(&figures),
            failure,
        };
        let room = limits.room;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(room)
            .with_max_export_batch_size(limits.batch)
            .with_scheduled_delay(limits.delay);
        let processor = BoundedProcessor {
            thread: BatchSpanProcessor::new(exporter, batches.build()),
            figures: Arc::clone(&figures),
            room,
            surplus: warn_of_surplus(Arc::clone(&figures))?,
        };
        let provider = SdkTracerProvider::builder()
            .with_resource(resource())
            .with_sampler(sampler)
            .with_span_processor(processor)
            .build();
        Ok(Self {
            tracer: provider.tracer(SERVICE),
            provider,
            figures,
        })
    }

    fn layer(&self) -> TraceLayer {
        let layer = OpenTelemetryLayer::new(self.tracer.clone())
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_error_records_to_exceptions(false)
            .with_error_fields_to_exceptions(false)
            .with_error_events_to_exceptions(false)
            .with_error_events_to_status(false);
        let filter = FilterFn::new(is_exported).with_max_level_hint(LevelFilter::INFO);
        layer.with_filter(filter).boxed()
    }
}

fn otlp_exporter(
    destination: Destination,
    failure: &LastFailure,
) -> Result<SpanExporter, Box<dyn Error>> {
    let timeout = destination.timeout;
    let client = CollectorClient::build(destination, failure.clone());
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client.map_err(|error| error.to_string())?)
        // The client knows the address. The library would show it in its errors.
        .with_endpoint("http://collector/")
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(timeout);
    Ok(exporter.build()?)
}

/// What a collector says about an export without spans.
pub(crate) struct Probe {
    /// The origin of its address.
    pub(crate) collector: String,
    /// Why it does not accept the export, if so.
    pub(crate) failure: Option<String>,
}

/// Sends no spans to the collector, to see whether it accepts them. `None` if traces are off. Also returns what is wrong with
/// the standard variables. Blocks, and must not run where tokio does.
pub(crate) fn probe(otel: &Otel) -> (Option<Probe>, Vec<String>) {
    let Resolved {
        destination,
        warnings,
    } = resolve(otel, |name| env::var(name).ok());
    let probe = destination.map(|destination| {
        let (collector, failure) = (destination.endpoint.shown(), LastFailure::default());
        let failure = match otlp_exporter(destination, &failure) {
            Ok(exporter) => {
                let mut export = pin!(exporter.export(Vec::new()));
                // The client blocks, so the first poll is the last one.
                let polled = export
                    .as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()));
                let is_accepted = matches!(polled, Poll::Ready(Ok(())));
                (!is_accepted).then(|| failure.text())
            }
            Err(error) => Some(error.to_string()),
        };
        Probe { collector, failure }
    });
    (probe, warnings)
}

/// Spans for the collector, and warnings, which become events of the span that they are in. Nothing of a library: its spans
/// could contain secrets, and the export makes requests, too.
fn is_exported(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_ours = target.starts_with("worker") || target.starts_with("hp_");
    is_ours
        && (is_exported_span(metadata) || metadata.is_event() && *metadata.level() <= Level::WARN)
}

/// What the standard variables say about this process, and what they leave out.
fn resource() -> Resource {
    let detected = Resource::builder().build();
    let of_attributes = detected.get(&"service.name".into());
    let of_attributes = of_attributes.filter(|name| !name.as_str().starts_with("unknown_service"));
    // The library lets the attributes win over the variable for the name.
    let name = env::var("OTEL_SERVICE_NAME").ok();
    let name = name.filter(|name| !name.is_empty()).map(Into::into);
    let name = name.or(of_attributes).unwrap_or_else(|| SERVICE.into());
    let mut own = vec![KeyValue::new("service.name", name)];
    let version = "service.version";
    if detected.get(&version.into()).is_none() {
        own.push(KeyValue::new(version, env!("CARGO_PKG_VERSION")));
    }
    Resource::builder().with_attributes(own).build()
}
