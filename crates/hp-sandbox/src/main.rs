//! The binary `hp-sandbox`.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use hp_sandbox::{Options, Sandbox};
use tokio::signal::unix::{SignalKind, signal};

/// A local HitPoints for tests: the reseller API, a ledger and faults on demand
#[derive(Parser)]
#[command(
    version,
    next_line_help = true,
    after_help = "--help lists the faults. GET /_sandbox lists the control endpoints.",
    after_long_help = hp_sandbox::faults_help()
)]
struct Cli {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(io::stderr(), "hp-sandbox: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let app_id = options.app_id.clone();
    let sandbox = Sandbox::start(options)?;
    // The sandbox works without a reader of its output, too.
    let _ = writeln!(
        io::stdout(),
        "hp-sandbox listening on {} (app id {app_id})",
        sandbox.base_url()
    );
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    sandbox.stop().await;
    Ok(())
}
