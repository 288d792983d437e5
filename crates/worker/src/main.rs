//! Buys cards from HitPoints for the orders that shops put into Redis.

mod catalogue;
mod cli;
mod clock;
mod config;
mod doctor;
mod probe;
mod reconcile;
mod run;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use config::Config;

fn main() -> ExitCode {
    match execute(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: Cli) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let config = Config::load(cli.config.as_deref())?;
    match cli.command {
        Command::Config => {
            config.client()?;
            hp_queue::connect(config.redis_url.expose())?;
            println!("{config}");
        }
        Command::Run => {
            telemetry::start(&config);
            runtime()?.block_on(run::run(&config))?;
        }
        Command::Reconcile(options) => {
            telemetry::start(&config);
            return Ok(runtime()?.block_on(reconcile::execute(&config, options)));
        }
        Command::Doctor => runtime()?.block_on(doctor::run(&config))?,
        Command::Resume => runtime()?.block_on(run::resume(&config))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}
