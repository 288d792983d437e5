//! The chaos test: all kinds of failures at the same time, and then a check of the four promises.
//!
//! It runs real workers, a real Redis with replicas, and the sandbox, with a [proxy](e2e::proxy) in front of Redis and of
//! the sandbox. Shops enqueue the [workload]. Meanwhile a [schedule] kills, suspends and terminates workers, kills Redis
//! and cuts off the end of its log, promotes a replica while the old master lives on, steps the clocks of the servers,
//! cuts, stalls and slows both links, and empties accounts, while every fault of the sandbox occurs. Then the storm ends:
//! everything is repaired, and all orders must end. The [history](history::History) holds all facts of the run, and
//! [`check`](check::check) compares it with the promises.
//!
//! A seed determines the orders, the actions with their times, and the calls that meet a fault. The processes interleave
//! freely, so two runs of one seed are similar but not equal.
//!
//! All delays of a request to the vendor add up to less than `retry.resubmit_after`: a worker that is suspended between
//! its last look at the clock and the sending, a stalled link, a late record. With longer delays no client of a vendor
//! that does not recognise repetitions is safe, so a failure would prove nothing about this one.
//!
//! Two assumptions of the worker hold here too. The servers bound the writes of a former master
//! (`min-replicas-to-write`), and a shop repeats an order that Redis lost within `retry.resubmit_after` of the loss.
//!
//! `just chaos SEED MINUTES` makes a long run and prints a summary.
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
mod losses;
mod masters;
mod report;
mod run;
mod schedule;
mod servers;
mod shops;
mod summary;
#[cfg(test)]
mod tests;
mod workload;
mod world;

use std::{process::ExitCode, time::Duration};

use report::Settings;
use run::run;
use schedule::RedisFailures;
use summary::Summary;

const USAGE: &str = "\
chaos SEED [MINUTES] [--no-tail-loss] [--no-clock-steps] [--no-promotions] [--unbounded]
With --unbounded a former master accepts writes for as long as it lives: the check should find orders charged twice.
Both are numbers. Minutes may be a fraction, such as 0.5. Without minutes the run is the short one of the tests.";

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
    let proves = report.violations.is_empty() && report.missing_faults().is_empty();
    ExitCode::from(u8::from(!proves))
}

fn settings(mut arguments: Vec<String>) -> Option<Settings> {
    let mut is_given = |option: &str| {
        let count = arguments.len();
        arguments.retain(|argument| argument != option);
        arguments.len() < count
    };
    let redis = RedisFailures {
        tail_loss: !is_given("--no-tail-loss"),
        clock_steps: !is_given("--no-clock-steps"),
        promotions: !is_given("--no-promotions"),
    };
    let unbounded = is_given("--unbounded");
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
        redis,
        unbounded,
        ..settings
    })
}
