use std::{fmt::Write as _, fs, process::Command};

use e2e::Redis;

use crate::{options::Options, redis_stats::info};

/// What a reader must know to judge the figures: machine, Redis, command, date.
pub(crate) async fn description(options: &Options) -> String {
    let redis = Redis::single();
    let version = info(&redis, "server").await["redis_version"].clone();
    let cores = std::thread::available_parallelism().unwrap();
    let mut text = format!(
        "{cores} cores ({}), {} GiB, Redis {version}, {}. The worker or the bare loop, Redis and\n\
         the vendor share them. Command: `{}`.",
        processor(),
        memory(),
        date(),
        options.command,
    );
    if options.effort.is_quick {
        write!(text, "\nA quick run: the figures are rough.").unwrap();
    }
    if cfg!(debug_assertions) {
        write!(text, "\nA debug build: the figures mean nothing.").unwrap();
    }
    text
}

fn processor() -> String {
    let all = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = all.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown", |rest| rest.trim_start_matches([' ', '\t', ':']));
    model.trim().into()
}

fn memory() -> u64 {
    let all = fs::read_to_string("/proc/meminfo").unwrap();
    let total = all.split_whitespace().nth(1).unwrap();
    total.parse::<u64>().unwrap().div_ceil(1024 * 1024)
}

fn date() -> String {
    let output = Command::new("date").args(["-u", "+%F"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().into()
}
