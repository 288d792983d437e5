use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Config, LogFormat};

/// Writes events to standard error: for a person on a terminal, as JSON for a machine.
pub(crate) fn start(config: &Config) {
    let terminal = io::stderr().is_terminal();
    let filter = EnvFilter::new(&config.log_filter);
    let writer = fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_target(false);
    match config.log_format {
        LogFormat::Json => writer.json().flatten_event(true).init(),
        LogFormat::Auto if !terminal => writer.json().flatten_event(true).init(),
        LogFormat::Auto | LogFormat::Text => writer.with_ansi(terminal).init(),
    }
}
