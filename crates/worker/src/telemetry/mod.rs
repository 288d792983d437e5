//! The log of this process on standard error, and the export of its traces.

mod obstacles;
pub(crate) mod traces;

use std::{
    io::{self, IsTerminal, Write},
    panic, thread,
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;
use tracing::{Event, Metadata, Subscriber, error, subscriber::Interest, warn};
use tracing_subscriber::{
    Layer, Registry,
    filter::{LevelFilter, Targets},
    fmt,
    fmt::MakeWriter,
    layer::{Context, Filter, SubscriberExt},
    registry,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{
    config::{Config, LogFormat},
    exposure::panic_reason,
    terminal::{lossy_writer::LossyWriter, stderr},
};

/// Starts the log: text on a terminal, JSON elsewhere, unless the configuration chooses. The log never stops the work: if
/// standard error does not accept lines, they are lost and counted. Starts the export of traces if it is set.
pub(crate) fn start(config: &Config) -> io::Result<()> {
    let log = Log(prepare()?);
    let (traces, warnings) = traces::start(&config.otel);
    let filter = LineFilter::new(config);
    match traces {
        // Each layer has a filter of its own: what is exported does not depend on the log.
        Some(traces) => {
            let lines = lines(config, log).with_filter(filter);
            registry().with(traces).with(lines).init();
        }
        None => registry().with(filter).with(lines(config, log)).init(),
    }
    for warning in warnings {
        warn!(%warning, "a setting for traces cannot be used");
    }
    // The usual hook writes to standard error itself, and so may never return.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(tracing::field::display);
        let reason = panic_reason(panic);
        error!(place, reason, "panic: this is a bug, please report it");
        // The process may end without another chance to write.
        if thread::current().name() == Some("main") {
            finish_log();
        }
    }));
    Ok(())
}

fn lines<S>(config: &Config, log: Log) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let is_terminal = io::stderr().is_terminal();
    let lines = fmt::layer()
        .with_writer(log)
        .log_internal_errors(false)
        .with_target(false);
    let is_text = match config.log_format {
        LogFormat::Json => false,
        LogFormat::Text => true,
        LogFormat::Auto => is_terminal,
    };
    if is_text {
        return lines.with_ansi(is_terminal).boxed();
    }
    // A list of the spans would repeat the fields of the order, because no span contains another.
    let json = lines.json().flatten_event(true).with_span_list(false);
    json.boxed()
}

/// What the log contains: the events of the levels of `log.filter`, of an obstacle only the first, and the spans that name an
/// order.
struct LineFilter {
    levels: Targets,
    /// Who looks for details sees each event.
    shows_each: bool,
}

impl LineFilter {
    fn new(config: &Config) -> Self {
        let levels = config.log_filter.levels.clone();
        let most = Layer::<Registry>::max_level_hint(&levels);
        Self {
            shows_each: most >= Some(LevelFilter::DEBUG),
            levels,
        }
    }

    fn shows(&self, event: &Event<'_>) -> bool {
        self.shows_each || obstacles::is_first(event)
    }
}

/// As the filter of one layer.
impl<S: Subscriber> Filter<S> for LineFilter {
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        !traces::is_exported_span(metadata) && Filter::enabled(&self.levels, metadata, context)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if traces::is_exported_span(metadata) {
            return Interest::never();
        }
        let interest = Filter::<S>::callsite_enabled(&self.levels, metadata);
        // The library wants to be asked each time if not each event of a call site is wanted.
        if interest.is_always() && obstacles::may_repeat(metadata) {
            return Interest::sometimes();
        }
        interest
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        self.shows(event)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Filter::<S>::max_level_hint(&self.levels)
    }
}

/// As the filter of all layers.
impl<S: Subscriber> Layer<S> for LineFilter {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        Filter::<S>::callsite_enabled(self, metadata)
    }

    fn enabled(&self, metadata: &Metadata<'_>, context: Context<'_, S>) -> bool {
        Filter::enabled(self, metadata, &context)
    }

    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        self.shows(event)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Filter::<S>::max_level_hint(self)
    }
}

/// Lets standard error stop nothing from now on. The log may start later.
pub(crate) fn prepare() -> io::Result<LossyWriter> {
    stderr::make_lossy(report_lost_lines, EVERY_INTERVAL)
}

const EVERY_INTERVAL: (Duration, fn()) = (obstacles::INTERVAL, obstacles::report);

/// Exports and writes what is left. Blocks, so tokio must have ended.
pub(crate) fn finish() {
    traces::finish();
    finish_log();
}

fn finish_log() {
    obstacles::report();
    stderr::finish();
}

/// The number of log lines that this process has lost.
pub(crate) fn lost_lines() -> Counter {
    stderr::lost_lines()
}

/// The number of spans that this process has lost.
pub(crate) fn lost_spans() -> Counter {
    traces::lost_spans()
}

fn report_lost_lines(lines: u64) {
    warn!(
        lines,
        "log lines were lost: standard error did not accept them"
    );
}

struct Log(LossyWriter);

impl<'a> MakeWriter<'a> for Log {
    type Writer = Lines<'a>;

    fn make_writer(&'a self) -> Lines<'a> {
        Lines(&self.0)
    }
}

struct Lines<'a>(&'a LossyWriter);

impl Write for Lines<'_> {
    /// The library hands over whole lines.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.append(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
