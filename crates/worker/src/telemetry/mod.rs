//! The log of this process on standard error.

mod obstacles;

use std::{
    io::{self, IsTerminal, Write},
    panic, thread,
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;
use tracing::{error, warn};
use tracing_subscriber::{
    Layer, Registry, filter::LevelFilter, fmt, fmt::MakeWriter, layer::SubscriberExt, registry,
    util::SubscriberInitExt,
};

use obstacles::FirstOnly;

use crate::{
    config::{Config, LogFormat},
    exposure::panic_reason,
    terminal::{lossy_writer::LossyWriter, stderr},
};

/// Starts the log: text on a terminal, JSON elsewhere, unless the configuration chooses. The log never stops the work: if
/// standard error does not accept lines, they are lost and counted.
pub(crate) fn start(config: &Config) -> io::Result<()> {
    let is_terminal = io::stderr().is_terminal();
    let log = Log(prepare()?);
    let filter = config.log_filter.levels.clone();
    // Who looks for details sees each event.
    let most = Layer::<Registry>::max_level_hint(&filter);
    let first_only = (most < Some(LevelFilter::DEBUG)).then_some(FirstOnly);
    let lines = fmt::layer()
        .with_writer(log)
        .log_internal_errors(false)
        .with_target(false);
    let is_text = match config.log_format {
        LogFormat::Json => false,
        LogFormat::Text => true,
        LogFormat::Auto => is_terminal,
    };
    let lines = if is_text {
        lines.with_ansi(is_terminal).boxed()
    } else {
        // A list of the spans would repeat the fields of the order, because no span contains another.
        let json = lines.json().flatten_event(true).with_span_list(false);
        json.boxed()
    };
    registry().with(filter).with(first_only).with(lines).init();
    // The usual hook writes to standard error itself, and so may never return.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(tracing::field::display);
        let reason = panic_reason(panic);
        error!(place, reason, "panic: this is a bug, please report it");
        // The process may end without another chance to write.
        if thread::current().name() == Some("main") {
            finish();
        }
    }));
    Ok(())
}

/// Lets standard error stop nothing from now on. The log may start later.
pub(crate) fn prepare() -> io::Result<LossyWriter> {
    stderr::make_lossy(report_lost_lines, EVERY_INTERVAL)
}

const EVERY_INTERVAL: (Duration, fn()) = (obstacles::INTERVAL, obstacles::report);

/// Writes what is left to write.
pub(crate) fn finish() {
    obstacles::report();
    stderr::finish();
}

/// The number of log lines that this process has lost.
pub(crate) fn lost_lines() -> Counter {
    stderr::lost_lines()
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
