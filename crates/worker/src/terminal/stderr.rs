//! Standard error. Nothing that is written to it can stop or end the program.

use std::{
    fmt,
    fs::File,
    io::{self, Write},
    os::fd::AsFd,
    sync::OnceLock,
    time::Duration,
};

use prometheus_client::metrics::counter::Counter;

use super::lossy_writer::LossyWriter;

/// Set in a process that writes a log.
static LOG: OnceLock<LossyWriter> = OnceLock::new();

/// How long the end of the process waits for the last lines.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// Makes standard error lossy, for a process whose work must not wait for the reader of its log. `report` logs how many
/// lines were lost, and `regular` writes to the log at intervals.
pub(crate) fn make_lossy(report: fn(u64), regular: (Duration, fn())) -> io::Result<LossyWriter> {
    if let Some(log) = LOG.get() {
        return Ok(log.clone());
    }
    // Not `io::stderr()`: a write that hangs would keep its lock.
    let file = File::from(io::stderr().as_fd().try_clone_to_owned()?);
    let log = LossyWriter::start(file, report, regular)?;
    Ok(LOG.get_or_init(|| log).clone())
}

/// Writes a line. If that fails, there is no other place to report it.
pub(crate) fn write_line(text: fmt::Arguments<'_>) {
    let line = format!("{text}\n");
    match LOG.get() {
        Some(log) => log.append(line.as_bytes()),
        None => drop(io::stderr().lock().write_all(line.as_bytes())),
    }
}

/// The number of lines that were lost. It counts only in a process that writes a log.
pub(crate) fn lost_lines() -> Counter {
    LOG.get()
        .map(LossyWriter::lost)
        .cloned()
        .unwrap_or_default()
}

/// Gives the last lines a moment to be written.
pub(crate) fn finish() {
    if let Some(log) = LOG.get() {
        log.flush(FLUSH_LIMIT);
    }
}

/// Prints a line to standard error. Ignores a failure, where `errln!` would panic.
macro_rules! errln {
    ($($text:tt)*) => {
        $crate::terminal::stderr::write_line(format_args!($($text)*))
    };
}
pub(crate) use errln;
