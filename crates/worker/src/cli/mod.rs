//! The command line: one file for each subcommand, with its arguments, its help and its exit codes.
//!
//! The doc comments of arguments are the help text, so they carry no markup.
#![expect(
    clippy::doc_markdown,
    reason = "the help text is printed on a terminal"
)]

mod account;
mod args;
mod completions;
mod config;
mod doctor;
mod enqueue;
mod events;
mod health;
mod keygen;
mod man;
mod notify;
mod order;
mod orders;
mod pause;
mod pin;
mod products;
mod reasons;
mod reconcile;
mod record;
mod reflow;
mod rejected;
mod republish;
mod resolve;
mod results;
mod resume;
mod retry;
mod run;
mod status;

use std::{io, path::PathBuf, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use reflow::reflow_help;

use crate::{
    config::Config,
    exposure, telemetry,
    terminal::{CommandResult, Refused, errln, escape_control_lines, stdout},
};

/// Buys cards from HitPoints for the orders that shops put into Redis.
///
/// An order is one entry of a Redis stream. Any program can add it:
///
///   redis-cli XADD '{hp}:jobs' '*' order_id A-1 product_id 2 quantity 3
///
/// Its result, cards included, is one entry of {hp}:results.
#[derive(Debug, Parser)]
#[command(name = "worker", version, verbatim_doc_comment)]
struct Cli {
    /// Settings as TOML. Environment variables override the file (HP_WORKER__LEASE for worker.lease).
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Enqueue(enqueue::Enqueue),
    Results(results::Results),
    Keygen(keygen::Keygen),
    Config(config::ShowConfig),
    Doctor(doctor::Doctor),
    Reconcile(reconcile::Reconcile),
    Retry(retry::Retry),
    Resolve(resolve::Resolve),
    Republish(republish::Republish),
    Orders(orders::Orders),
    Events(events::Events),
    Notify(notify::Notify),
    Order(order::ShowOrder),
    Record(record::Record),
    Products(products::Products),
    Pin(pin::Pin),
    Rejected(rejected::Rejected),
    Account(account::AccountCommand),
    Pause(pause::Pause),
    Status(status::Status),
    Health(health::Health),
    Completions(completions::Completions),
    Man(man::Man),
    Resume(resume::Resume),
    Reasons(reasons::Reasons),
}

/// Runs the program with the arguments of this process.
pub fn main() -> ExitCode {
    exposure::forbid_core_files();
    exposure::hide_values_of_panics();
    let matches = reflow_help(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let (failure_code, is_output_wanted) = {
        let command = &cli.command;
        (command.failure_code(), command.is_output_wanted())
    };
    if let Command::Run(_) = cli.command {
        // Before the settings are read: their error must not wait for a reader, either.
        let _ = telemetry::prepare();
    }
    let code = exit_code(cli.execute(), failure_code);
    let lost_output = stdout::finish();
    if let Some(error) = lost_output {
        errln!(
            "worker: cannot write to standard output: {error}. The output is incomplete; what the command has done stays done"
        );
    }
    telemetry::finish();
    if lost_output.is_some() && is_output_wanted {
        return failure_code;
    }
    code
}

fn exit_code(result: CommandResult, failure_code: ExitCode) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            errln!("worker: {}", escape_control_lines(&error.to_string()));
            if error.is::<Refused>() {
                return ExitCode::from(2);
            }
            failure_code
        }
    }
}

impl Cli {
    fn execute(self) -> CommandResult {
        let load = || Config::load(self.config.as_deref());
        match self.command {
            Command::Run(command) => block_on(command.execute(&load()?)),
            Command::Enqueue(command) => block_on(command.execute(&load()?)),
            Command::Results(command) => block_on(command.execute(&load()?)),
            Command::Keygen(command) => command.execute(),
            Command::Config(_) => config::ShowConfig::execute(&load()?),
            Command::Doctor(command) => block_on(command.execute(&load()?)),
            Command::Reconcile(command) => block_on(command.execute(&load()?)),
            Command::Retry(command) => block_on(command.execute(&load()?)),
            Command::Resolve(command) => block_on(command.execute(&load()?)),
            Command::Republish(command) => block_on(command.execute(&load()?)),
            Command::Orders(command) => block_on(command.execute(&load()?)),
            Command::Events(command) => block_on(command.execute(&load()?)),
            Command::Notify(command) => block_on(command.execute(&load()?)),
            Command::Order(command) => block_on(command.execute(&load()?)),
            Command::Record(command) => block_on(command.execute(&load()?)),
            Command::Products(command) => block_on(command.execute(&load()?)),
            Command::Pin(command) => block_on(command.execute(&load()?)),
            Command::Rejected(command) => block_on(command.execute(&load()?)),
            Command::Account(command) => block_on(command.execute(&load()?)),
            Command::Pause(command) => block_on(command.execute(&load()?)),
            Command::Status(command) => block_on(command.execute(&load()?)),
            Command::Health(command) => block_on(command.execute(&load()?)),
            Command::Completions(command) => command.execute(),
            Command::Man(command) => command.execute(),
            Command::Resume(command) => block_on(command.execute(&load()?)),
            Command::Reasons(command) => command.execute(),
        }
    }
}

impl Command {
    /// The exit code of a command that failed completely.
    fn failure_code(&self) -> ExitCode {
        match self {
            Self::Run(_) | Self::Config(_) => ExitCode::FAILURE,
            _ => ExitCode::from(2),
        }
    }

    /// `true` if the command has failed when its output is lost. The exit code of other commands says what they did.
    fn is_output_wanted(&self) -> bool {
        match self {
            Self::Results(_)
            | Self::Config(_)
            | Self::Doctor(_)
            | Self::Orders(_)
            | Self::Events(_)
            | Self::Order(_)
            | Self::Record(_)
            | Self::Products(_)
            | Self::Pin(_)
            | Self::Status(_)
            | Self::Health(_)
            | Self::Reasons(_)
            | Self::Completions(_)
            | Self::Man(_) => true,
            Self::Enqueue(command) => command.waits(),
            Self::Reconcile(command) => command.prints_json(),
            Self::Rejected(command) => command.is_list(),
            Self::Account(command) => command.is_show(),
            Self::Run(_)
            | Self::Retry(_)
            | Self::Resolve(_)
            | Self::Republish(_)
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::Notify(_)
            | Self::Keygen(_) => false,
        }
    }
}

/// Runs a command on one thread: `docs/adr/0005-one-thread-per-worker.md`.
fn block_on(work: impl Future<Output = CommandResult>) -> CommandResult {
    let runtime: io::Result<_> = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime?;
    let result = runtime.block_on(work);
    // A look-up of a name that never ends must not keep the process.
    runtime.shutdown_background();
    result
}
