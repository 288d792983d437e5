//! `hp-sandbox`: a local HitPoints.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use hp_sandbox::{Options, Sandbox};
use tokio::signal::unix::{SignalKind, signal};

/// A local HitPoints: the reseller API with a ledger to look into and faults on demand
#[derive(Parser)]
#[command(version, after_help = "Control: GET /_sandbox says what can be asked.")]
struct Cli {
    #[command(flatten)]
    options: Options,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("hp-sandbox: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let app_id = options.app_id.clone();
    let sandbox = Sandbox::start(options)?;
    println!(
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
