use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Config, LogFormat};

/// Starts the log on standard error: text on a terminal, JSON elsewhere, unless the configuration chooses.
pub(crate) fn start(config: &Config) {
    let is_terminal = io::stderr().is_terminal();
    let writer = fmt()
        .with_env_filter(EnvFilter::new(&config.log_filter))
        .with_writer(io::stderr)
        .with_target(false);
    match config.log_format {
        LogFormat::Json => writer.json().flatten_event(true).init(),
        LogFormat::Auto if !is_terminal => writer.json().flatten_event(true).init(),
        LogFormat::Auto | LogFormat::Text => writer.with_ansi(is_terminal).init(),
    }
}
