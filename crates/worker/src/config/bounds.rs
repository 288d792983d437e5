//! The bounds of times, and the rules that concern more than one setting.

use std::time::Duration;

use super::{Config, fault::ConfigFault};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
const YEAR: Duration = Duration::from_hours(24 * 365);

/// The bounds of one time, and what goes wrong outside of them.
struct Bounds {
    key: &'static str,
    time: Duration,
    least: (Duration, &'static str),
    most: (Duration, &'static str),
}

/// Fails if a setting is out of its bounds, or if two settings contradict each other.
pub(super) fn check(config: &Config) -> Result<(), ConfigFault> {
    times(config).iter().try_for_each(Bounds::check)?;
    let broken = relations(config).into_iter().find(|(is_kept, _)| !is_kept);
    broken.map_or(Ok(()), |(_, broken)| {
        Err(ConfigFault::Contradiction(broken.into()))
    })
}

impl Bounds {
    fn check(&self) -> Result<(), ConfigFault> {
        let shown = |time: Duration| humantime::format_duration(time).to_string();
        let (key, time) = (self.key, self.time);
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

fn times(config: &Config) -> [Bounds; 11] {
    let policy = &config.policy;
    let bounds = |key, time, least, most| Bounds {
        key,
        time,
        least,
        most,
    };
    let kept = "Redis would fill up";
    [
        bounds(
            "api.timeout",
            config.api.timeout,
            (
                SECOND,
                "HitPoints would charge orders whose answer the worker no longer waits for",
            ),
            (
                10 * MINUTE,
                "a call without an answer would hold up its order for that long",
            ),
        ),
        bounds(
            "api.clock_tolerance",
            policy.clock_tolerance,
            (
                SECOND,
                "HitPoints gives its times in whole seconds, so records of your own orders would seem to be older than the orders",
            ),
            (
                5 * MINUTE,
                "an order of another queue with the same id could pass for your own",
            ),
        ),
        bounds(
            "worker.lease",
            config.lease,
            (SECOND, "a busy worker would lose its orders"),
            (HOUR, "the orders of a dead worker would wait for that long"),
        ),
        bounds(
            "worker.drain",
            config.drain,
            (
                100 * MILLISECOND,
                "a stopping worker could not even settle the answers that it has",
            ),
            (HOUR, "a worker would not stop"),
        ),
        bounds(
            "retry.base",
            config.retry_base,
            (
                10 * MILLISECOND,
                "the worker would flood HitPoints with retries",
            ),
            (DAY, "a refused order would wait for that long"),
        ),
        bounds(
            "retry.max",
            config.retry_max,
            (
                10 * MILLISECOND,
                "the worker would flood HitPoints with retries",
            ),
            (DAY, "a refused order would wait for that long"),
        ),
        bounds(
            "retry.resubmit_after",
            policy.resubmit_after,
            (
                2 * SECOND,
                "an order whose request is still on its way could be charged twice",
            ),
            (30 * DAY, "an order in doubt would wait for that long"),
        ),
        bounds(
            "retry.give_up_after",
            policy.give_up_after,
            (3 * SECOND, "orders would fail before the first retry"),
            (
                YEAR,
                "an order that never succeeds would stay open for that long",
            ),
        ),
        bounds(
            "reconcile.stuck_after",
            config.reconcile.stuck_after,
            (MILLISECOND, "Redis counts in milliseconds"),
            (30 * DAY, "a stuck order would stay unnoticed for that long"),
        ),
        bounds(
            "results.retention",
            config.retention.results,
            (
                MINUTE,
                "results would be deleted before the shops read them",
            ),
            (10 * YEAR, kept),
        ),
        bounds(
            "ledger.retention",
            config.retention.ledger,
            (MINUTE, "an order that a shop repeats could be bought again"),
            (10 * YEAR, kept),
        ),
    ]
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
