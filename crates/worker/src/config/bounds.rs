//! The bounds of times, and the rules that concern more than one setting.

use std::time::Duration;

use super::{Config, fault::ConfigFault};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(24 * 30);
const YEAR: Duration = Duration::from_hours(24 * 365);
const TEN_YEARS: Duration = Duration::from_hours(24 * 3650);

/// The bounds of one time, and what goes wrong outside of them.
struct Bounds {
    key: &'static str,
    time: fn(&Config) -> Duration,
    least: (Duration, &'static str),
    most: (Duration, &'static str),
}

/// Fails if a setting is out of its bounds, or if two settings contradict each other.
pub(super) fn check(config: &Config) -> Result<(), ConfigFault> {
    BOUNDS.iter().try_for_each(|bounds| bounds.check(config))?;
    let broken = relations(config).into_iter().find(|(is_kept, _)| !is_kept);
    broken.map_or(Ok(()), |(_, broken)| {
        Err(ConfigFault::Contradiction(broken.into()))
    })
}

impl Bounds {
    fn check(&self, config: &Config) -> Result<(), ConfigFault> {
        let shown = |time: Duration| humantime::format_duration(time).to_string();
        let (key, time) = (self.key, (self.time)(config));
        let fault = if time < self.least.0 {
            let (least, why) = (shown(self.least.0), self.least.1);
            format!("{key} is shorter than {least}: {why}. Give at least {least}.")
        } else if time > self.most.0 {
            let (most, why) = (shown(self.most.0), self.most.1);
            format!("{key} is longer than {most}: {why}. Give at most {most}.")
        } else {
            return Ok(());
        };
        Err(ConfigFault::Contradiction(fault))
    }
}

/// The bounds of every time.
const BOUNDS: [Bounds; 11] = [
    bounds(
        "api.timeout",
        |config| config.api.timeout,
        (
            SECOND,
            "HitPoints would charge orders whose answer the worker no longer waits for",
        ),
        (
            Duration::from_mins(10),
            "a call without an answer would hold up its order for that long",
        ),
    ),
    bounds(
        "api.clock_tolerance",
        |config| config.policy.clock_tolerance,
        (
            SECOND,
            "HitPoints gives its times in whole seconds, so records of your own orders would seem to be older than the orders",
        ),
        (
            Duration::from_mins(5),
            "an order of another queue with the same id could pass for your own",
        ),
    ),
    bounds(
        "worker.lease",
        |config| config.lease,
        (SECOND, "a busy worker would lose its orders"),
        (HOUR, "the orders of a dead worker would wait for that long"),
    ),
    bounds(
        "worker.drain",
        |config| config.drain,
        (
            Duration::from_millis(100),
            "a stopping worker could not even settle the answers that it has",
        ),
        (HOUR, "a worker would not stop"),
    ),
    bounds(
        "retry.base",
        |config| config.retry_base,
        (
            Duration::from_millis(10),
            "the worker would flood HitPoints with retries",
        ),
        (DAY, "a refused order would wait for that long"),
    ),
    bounds(
        "retry.max",
        |config| config.retry_max,
        (
            Duration::from_millis(10),
            "the worker would flood HitPoints with retries",
        ),
        (DAY, "a refused order would wait for that long"),
    ),
    bounds(
        "retry.resubmit_after",
        |config| config.policy.resubmit_after,
        (
            Duration::from_secs(2),
            "an order whose request is still on its way could be charged twice",
        ),
        (MONTH, "an order in doubt would wait for that long"),
    ),
    bounds(
        "retry.give_up_after",
        |config| config.policy.give_up_after,
        (
            Duration::from_secs(3),
            "orders would fail before the first retry",
        ),
        (
            YEAR,
            "an order that never succeeds would stay open for that long",
        ),
    ),
    bounds(
        "reconcile.stuck_after",
        |config| config.reconcile.stuck_after,
        (MILLISECOND, "Redis counts in milliseconds"),
        (MONTH, "a stuck order would stay unnoticed for that long"),
    ),
    bounds(
        "results.retention",
        |config| config.retention.results,
        (
            MINUTE,
            "results would be deleted before the shops read them",
        ),
        (TEN_YEARS, "Redis would fill up"),
    ),
    bounds(
        "ledger.retention",
        |config| config.retention.ledger,
        (MINUTE, "an order that a shop repeats could be bought again"),
        (TEN_YEARS, "Redis would fill up"),
    ),
];

const fn bounds(
    key: &'static str,
    time: fn(&Config) -> Duration,
    least: (Duration, &'static str),
    most: (Duration, &'static str),
) -> Bounds {
    Bounds {
        key,
        time,
        least,
        most,
    }
}

fn relations(config: &Config) -> [(bool, &'static str); 4] {
    let policy = &config.policy;
    [
        (
            policy.resubmit_after > config.lease + config.api.timeout,
            "retry.resubmit_after is not longer than worker.lease and api.timeout together: an order whose request is still on its way could be charged twice. Raise retry.resubmit_after.",
        ),
        (
            policy.give_up_after > policy.resubmit_after,
            "retry.give_up_after is not longer than retry.resubmit_after: no order in doubt would ever be submitted again. Raise retry.give_up_after.",
        ),
        (
            config.retention.ledger >= config.retention.results,
            "ledger.retention is shorter than results.retention: an order that a shop repeats could be bought again while its result is still there. Raise ledger.retention.",
        ),
        (
            config.retention.ledger >= policy.resubmit_after,
            "ledger.retention is shorter than retry.resubmit_after: an order that a shop repeats could be bought again while a request of it may still arrive. Raise ledger.retention.",
        ),
    ]
}
