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
mod probe;
mod reconcile;
mod run;
mod shop;
mod show;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use config::Config;
use out::say;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let could_not = cli.command.could_not();
    match execute(cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            if !out::is_nobody_there(error.as_ref()) {
                eprintln!("worker: {error}");
            }
            could_not
        }
    }
}

/// Whether all is as it was to be.
fn execute(cli: Cli) -> Result<bool, Box<dyn std::error::Error>> {
    match cli.command {
        Command::Completions { shell } => {
            manual::completions(shell)?;
            return Ok(true);
        }
        Command::Man { out } => return manual::pages(out.as_deref()).map(|()| true),
        _ => {}
    }
    let config = Config::load(cli.config.as_deref())?;
    match cli.command {
        Command::Config => {
            config.client()?;
            hp_queue::connect(config.redis_url.expose())?;
            say!("{config}")?;
        }
        Command::Run => {
            telemetry::start(&config);
            runtime()?.block_on(run::run(&config))?;
        }
        Command::Reconcile(options) => {
            telemetry::start(&config);
            return runtime()?.block_on(reconcile::reconcile(&config, options));
        }
        Command::Enqueue(orders) => return runtime()?.block_on(shop::enqueue(&config, orders)),
        Command::Results(which) => return runtime()?.block_on(shop::results(&config, which)),
        Command::Retry(orders) => return runtime()?.block_on(decide::retry(&config, orders)),
        Command::Resolve(decision) => {
            return runtime()?.block_on(decide::resolve(&config, decision));
        }
        Command::Republish(orders) => {
            return runtime()?.block_on(decide::republish(&config, orders));
        }
        Command::Orders(filter) => return runtime()?.block_on(show::orders(&config, filter)),
        Command::Order(one) => return runtime()?.block_on(show::order(&config, one)),
        Command::Record(one) => return runtime()?.block_on(show::record(&config, one)),
        Command::Products(which) => return runtime()?.block_on(show::products(&config, which)),
        Command::Pin(number) => return runtime()?.block_on(show::pin(&config, number)),
        Command::Rejected { what } => return runtime()?.block_on(show::rejected(&config, what)),
        Command::Pause { why } => return runtime()?.block_on(show::pause(&config, &why)),
        Command::Status(json) => return runtime()?.block_on(show::status(&config, json)),
        Command::Doctor(json) => runtime()?.block_on(doctor::run(&config, json))?,
        Command::Completions { .. } | Command::Man { .. } => {}
        Command::Resume => runtime()?.block_on(run::resume(&config))?,
    }
    Ok(true)
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}
