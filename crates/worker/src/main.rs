//! Buys cards from HitPoints for the orders that shops put into Redis.

mod admin;
mod catalogue;
mod cli;
mod clock;
mod config;
mod decide;
mod doctor;
mod manual;
mod metrics;
mod out;
mod patience;
mod probe;
mod reconcile;
mod run;
mod shop;
mod show;
mod telemetry;

use std::{error::Error, io, process::ExitCode};

use clap::Parser;

use cli::{Cli, Command};
use config::Config;
use out::outln;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let failure_code = cli.command.failure_code();
    match execute(cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            if !out::is_broken_pipe(error.as_ref()) {
                eprintln!("worker: {}", out::escape_control_lines(&error.to_string()));
            }
            failure_code
        }
    }
}

/// Whether all is as it was to be.
fn execute(cli: Cli) -> Result<bool, Box<dyn Error>> {
    let config = || Config::load(cli.config.as_deref());
    match cli.command {
        Command::Completions { shell } => manual::completions(shell)?,
        Command::Man { out } => manual::pages(out.as_deref())?,
        Command::Config => {
            let config = config()?;
            config.client()?;
            hp_queue::connect(config.redis_url.expose())?;
            outln!("{config}")?;
        }
        Command::Run => {
            let config = config()?;
            telemetry::start(&config);
            wait_for(run::run(&config))??;
        }
        Command::Reconcile(options) => {
            let config = config()?;
            telemetry::start(&config);
            return wait_for(reconcile::reconcile(&config, options))?;
        }
        Command::Doctor(json) => return wait_for(doctor::run(&config()?, json))?,
        Command::Enqueue(orders) => return wait_for(shop::enqueue(&config()?, orders))?,
        Command::Results(which) => return wait_for(shop::results(&config()?, which))?,
        Command::Orders(filter) => return wait_for(show::orders(&config()?, filter))?,
        Command::Order(one) => return wait_for(show::order(&config()?, one))?,
        Command::Record(one) => return wait_for(show::record(&config()?, one))?,
        Command::Products(which) => return wait_for(show::products(&config()?, which))?,
        Command::Pin(number) => return wait_for(show::pin(&config()?, number))?,
        Command::Retry(orders) => return wait_for(decide::retry(&config()?, orders))?,
        Command::Resolve(decision) => return wait_for(decide::resolve(&config()?, decision))?,
        Command::Republish(orders) => return wait_for(decide::republish(&config()?, orders))?,
        Command::Rejected { what } => return wait_for(show::rejected(&config()?, what))?,
        Command::Status(json) => return wait_for(show::status(&config()?, json))?,
        Command::Pause { why } => return wait_for(show::pause(&config()?, &why))?,
        Command::Resume => wait_for(run::resume(&config()?))??,
    }
    Ok(true)
}

/// One thread does all: see `docs/adr/0005-one-thread-per-worker.md`.
fn wait_for<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(work))
}
