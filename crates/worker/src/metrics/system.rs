//! What the operating system says about this process, under the names that all Prometheus clients use.

use std::{fmt, fs, time::UNIX_EPOCH};

use nix::sys::{
    resource::{Resource, UsageWho, getrlimit, getrusage},
    time::TimeValLike,
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};

use crate::clock;

/// Creates the registry of these metrics. They have no prefix of this program.
pub(crate) fn registry() -> Registry {
    let mut registry = Registry::default();
    let started = clock::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let started = started.as_secs_f64();
    registry.register_collector(Box::new(System { started }));
    registry
}

/// Reads them for each scrape. What cannot be read is left out.
#[derive(Debug)]
struct System {
    /// Unix time in seconds.
    started: f64,
}

impl Collector for System {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauge = |name, help, unit: Option<Unit>, value: Option<f64>| {
            let Some(value) = value else { return Ok(()) };
            add(&mut encoder, (name, help, unit), &ConstGauge::new(value))
        };
        let help = "The start of this process, in Unix time";
        gauge(
            "process_start_time",
            help,
            Some(Unit::Seconds),
            Some(self.started),
        )?;
        let help = "The memory of this process that is in RAM";
        gauge(
            "process_resident_memory",
            help,
            Some(Unit::Bytes),
            resident_bytes(),
        )?;
        let help = "Files and connections that this process has open";
        gauge("process_open_fds", help, None, open_files())?;
        let help = "Files and connections that this process may have open";
        gauge("process_max_fds", help, None, most_files())?;
        let Some(seconds) = cpu_seconds() else {
            return Ok(());
        };
        let help = "The processor time of this process";
        let metric = ("process_cpu", help, Some(Unit::Seconds));
        add(&mut encoder, metric, &ConstCounter::new(seconds))
    }
}

fn add(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help, unit): (&str, &str, Option<Unit>),
    metric: &impl EncodeMetric,
) -> fmt::Result {
    let help = format!("{help}.");
    let encoder = encoder.encode_descriptor(name, &help, unit.as_ref(), metric.metric_type())?;
    metric.encode(encoder)
}

fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(f64::from(kibibytes) * 1024.0)
}

fn open_files() -> Option<f64> {
    // Without the one that reads the folder.
    let open = fs::read_dir("/proc/self/fd")
        .ok()?
        .count()
        .saturating_sub(1);
    Some(f64::from(u32::try_from(open).ok()?))
}

fn most_files() -> Option<f64> {
    let (most, _) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    Some(u32::try_from(most).map_or(f64::INFINITY, f64::from))
}

fn cpu_seconds() -> Option<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let used = usage.user_time() + usage.system_time();
    Some(std::time::Duration::from_micros(used.num_microseconds().try_into().ok()?).as_secs_f64())
}
