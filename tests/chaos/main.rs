//! Everything goes wrong at once, and then the books are compared.
//!
//! Real workers, a real Redis and the sandbox, with a [proxy](e2e::proxy) before each of the two. Shops put in
//! [orders] while a [schedule] kills, stops and ends workers, kills Redis and takes the end of its log
//! away, cuts, stalls and slows both networks, drains accounts, and while every fault of the sandbox happens. Then
//! comes the calm: all is healed, and all orders must come to an end. What is known after that is the
//! [history](history::History), and [`check`](check::check) holds it against the promises.
//!
//! A seed decides the orders, the actions and their times, and which visits to the vendor go wrong. How the processes
//! interleave is real, so two runs of one seed are alike and not equal.
//!
//! What holds up a request to the vendor adds up to less than `retry.resubmit_after`: a worker that stands still
//! between its last look at the clock and the sending, a stalled network, a late record. Beyond that no client of an
//! interface which does not recognise repetitions can be safe, and to see it fail would say nothing about it.
//!
//! `just chaos SEED MINUTES` makes a long run, with a summary at the end.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the run"
)]

mod aof_tail;
mod check;
mod clock;
mod collect;
mod fleet;
mod history;
mod run;
mod schedule;
mod shops;
mod summary;
#[cfg(test)]
mod tests;
mod workload;
mod world;

use std::{process::ExitCode, time::Duration};

use run::{Settings, run};
use summary::Summary;

const USAGE: &str = "\
chaos SEED [MINUTES] [--no-tail-loss]
Both are numbers; minutes may be a fraction, such as 0.5. Without them it is the short run of the tests.";

fn main() -> ExitCode {
    let Some(settings) = settings(std::env::args().skip(1).collect()) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build();
    let report = runtime.unwrap().block_on(run(settings));
    print!("{}", Summary(&report));
    ExitCode::from(u8::from(!report.violations.is_empty()))
}

fn settings(mut arguments: Vec<String>) -> Option<Settings> {
    let count = arguments.len();
    arguments.retain(|argument| argument != "--no-tail-loss");
    let settings = match arguments.as_slice() {
        [seed] => Settings::short(seed.parse().ok()?),
        [seed, minutes] => {
            let minutes: f64 = minutes.parse().ok()?;
            let storm = Duration::try_from_secs_f64(minutes * 60.0).ok()?;
            Settings::long(seed.parse().ok()?, storm)
        }
        _ => return None,
    };
    Some(Settings {
        tail_loss: arguments.len() == count,
        ..settings
    })
}
