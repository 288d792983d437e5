//! `just chaos SEED MINUTES`: a long run of the chaos test, with a summary at the end.
#![allow(
    clippy::unwrap_used,
    reason = "a fixture that fails has to fail the run"
)]

use std::{process::ExitCode, time::Duration};

use e2e::chaos::{Settings, run, summary::Summary};

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
