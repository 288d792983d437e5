//! The rules as fields of `{hp}:queue`: named as the settings, times in milliseconds.

use std::{collections::BTreeMap, time::Duration};

use hp_order::Backoff;
use redis::Value;

use crate::{
    fields::FieldReader,
    rules::{Retention, Rules, millis},
    seal::{KeyError, KeyName, KeyNameError, PublicKey, Recipients},
};

const RATE: &str = "worker.rate";
const BASE: &str = "retry.base";
const MAX: &str = "retry.max";
const RESUBMIT_AFTER: &str = "retry.resubmit_after";
const GIVE_UP_AFTER: &str = "retry.give_up_after";
const MAX_CRASHES: &str = "retry.max_crashes";
const CLOCK_TOLERANCE: &str = "api.clock_tolerance";
const RESULTS: &str = "results.retention";
const LEDGER: &str = "ledger.retention";
/// The name of a key follows.
const SEAL_TO: &str = "results.seal_to.";

const NAMES: [&str; 9] = [
    RATE,
    BASE,
    MAX,
    RESUBMIT_AFTER,
    GIVE_UP_AFTER,
    MAX_CRASHES,
    CLOCK_TOLERANCE,
    RESULTS,
    LEDGER,
];

pub(super) fn write(rules: &Rules) -> BTreeMap<String, String> {
    let Rules {
        retention, policy, ..
    } = rules;
    let (base, max) = policy.backoff.limits();
    let times = [
        (BASE, base),
        (MAX, max),
        (RESUBMIT_AFTER, policy.resubmit_after),
        (GIVE_UP_AFTER, policy.give_up_after),
        (CLOCK_TOLERANCE, policy.clock_tolerance),
        (RESULTS, retention.results),
        (LEDGER, retention.ledger),
    ];
    let times = times.map(|(name, time)| (name, millis(time).to_string()));
    let rate = rate(rules).map(|rate| (RATE, rate.to_string()));
    let crashes = (MAX_CRASHES, policy.max_crashes.to_string());
    let fields = times.into_iter().chain(rate).chain([crashes]);
    fields
        .map(|(name, value)| (name.into(), value))
        .chain(seal_to_fields(&rules.seal_to))
        .collect()
}

pub(super) fn seal_to_fields(keys: &Recipients) -> impl Iterator<Item = (String, String)> {
    let keys = keys.iter();
    keys.map(|(name, key)| (format!("{SEAL_TO}{name}"), key.to_string()))
}

/// The calls a second. The interval is in whole nanoseconds, so its inverse is not exact.
pub(super) fn rate(rules: &Rules) -> Option<f64> {
    let interval = rules.interval?.as_secs_f64();
    Some((1e6 / interval).round() / 1e6)
}

/// Reads stored rules. What a process does not share, it keeps from its own.
pub(super) fn read(fields: &BTreeMap<String, String>, own: &Rules) -> Result<Rules, String> {
    let (base, max) = own.policy.backoff.limits();
    let (base, max) = (time(fields, BASE, base)?, time(fields, MAX, max)?);
    let backoff = Backoff::new(base, max).map_err(|error| format!("`{BASE}`: {error}"))?;
    let mut rules = own.clone();
    let policy = &own.policy;
    rules.policy.backoff = backoff;
    rules.policy.resubmit_after = time(fields, RESUBMIT_AFTER, policy.resubmit_after)?;
    rules.policy.give_up_after = time(fields, GIVE_UP_AFTER, policy.give_up_after)?;
    rules.policy.clock_tolerance = time(fields, CLOCK_TOLERANCE, policy.clock_tolerance)?;
    rules.policy.max_crashes = number(fields, MAX_CRASHES)?.unwrap_or(policy.max_crashes);
    rules.retention = Retention {
        results: time(fields, RESULTS, own.retention.results)?,
        ledger: time(fields, LEDGER, own.retention.ledger)?,
    };
    let rate: Option<f64> = number(fields, RATE)?;
    rules.interval = rate.map(interval).transpose()?;
    rules.seal_to = seal_to(fields)?;
    Ok(rules)
}

/// `true` if the rule is a public key to seal to.
pub(super) fn is_key(name: &str) -> bool {
    name.starts_with(SEAL_TO)
}

pub(super) fn seal_to(fields: &BTreeMap<String, String>) -> Result<Recipients, String> {
    let keys = fields.iter().filter_map(|(field, key)| {
        let name = field.strip_prefix(SEAL_TO)?;
        Some(recipient(name, key).map_err(|error| format!("`{field}` is `{key}`: {error}")))
    });
    keys.collect()
}

fn recipient(name: &str, key: &str) -> Result<(KeyName, PublicKey), String> {
    let name = name
        .parse()
        .map_err(|error: KeyNameError| error.to_string())?;
    let key = key.parse().map_err(|error: KeyError| error.to_string())?;
    Ok((name, key))
}

/// The time between two calls at this rate.
fn interval(rate: f64) -> Result<Duration, String> {
    Duration::try_from_secs_f64(1.0 / rate).map_err(|_| format!("`{RATE}` is `{rate}`"))
}

/// The rules among the fields of a hash.
pub(super) fn select(hash: &Value) -> BTreeMap<String, String> {
    let rules = FieldReader::new(hash).all().into_iter();
    rules
        .filter(|(name, _)| NAMES.contains(&name.as_str()) || is_key(name))
        .collect()
}

/// The value as a setting is written.
pub(super) fn display(name: &str, value: &str) -> String {
    match (name, value.parse()) {
        (RATE | MAX_CRASHES, _) | (_, Err(_)) => value.to_owned(),
        (_, Ok(ms)) => format!("{:?}", Duration::from_millis(ms)),
    }
}

fn time(fields: &BTreeMap<String, String>, name: &str, own: Duration) -> Result<Duration, String> {
    Ok(number(fields, name)?.map_or(own, Duration::from_millis))
}

fn number<T: std::str::FromStr>(
    fields: &BTreeMap<String, String>,
    name: &str,
) -> Result<Option<T>, String> {
    let parse = |text: &String| text.parse().map_err(|_| format!("`{name}` is `{text}`"));
    fields.get(name).map(parse).transpose()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hp_order::{Backoff, Policy};

    use super::{RATE, display, read, write};
    use crate::{
        rules::{Retention, Rules},
        seal::{PrivateKey, Recipients},
    };

    fn rules(interval: Option<Duration>) -> Rules {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_mins(5));
        Rules {
            retention: Retention {
                results: Duration::from_hours(1),
                ledger: Duration::from_hours(2),
            },
            policy: Policy {
                backoff: backoff.unwrap_or_else(|error| panic!("{error}")),
                resubmit_after: Duration::from_mins(6),
                give_up_after: Duration::from_hours(24),
                max_crashes: 5,
                clock_tolerance: Duration::from_secs(2),
            },
            longest_processing: Duration::from_secs(45),
            interval,
            seal_to: Recipients::default(),
        }
    }

    #[test]
    fn rules_are_read_as_they_were_written() {
        let own = Rules {
            retention: Retention {
                results: Duration::from_mins(1),
                ledger: Duration::from_mins(1),
            },
            ..rules(None)
        };
        for rate in [None, Some(0.001), Some(0.3), Some(20.0), Some(100_000.0)] {
            let interval = rate.map(|rate: f64| Duration::from_secs_f64(1.0 / rate));
            let key = PrivateKey::from_random(&[1; 32].into()).public();
            let seal_to = "shop"
                .parse()
                .map(|name| Recipients::from_iter([(name, key)]));
            let rules = Rules {
                seal_to: seal_to.unwrap_or_else(|error| panic!("{error}")),
                ..rules(interval)
            };
            let stored = write(&rules);
            assert_eq!(stored.get(RATE), rate.map(|rate| rate.to_string()).as_ref());
            let read = read(&stored, &own).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(write(&read), stored);
            assert_eq!(read.seal_to, rules.seal_to);
        }
    }

    #[test]
    fn rule_that_cannot_be_read_is_named() {
        for (name, value) in [
            (RATE, "0"),
            (RATE, "-1"),
            (RATE, "NaN"),
            ("retry.base", "soon"),
            ("retry.base", "0"),
            ("ledger.retention", "-5"),
            ("results.seal_to.shop", "AAAA"),
            (
                "results.seal_to.A shop",
                "B6N8vBQgk8i3VdwbEOhstCY3StFqqFPtC9/AsrhtHHw=",
            ),
        ] {
            let mut stored = write(&rules(None));
            stored.insert(name.into(), value.into());
            let error = read(&stored, &rules(None)).map(|_| ()).err();
            assert!(
                error.is_some_and(|error| error.contains(name)),
                "{name}={value}"
            );
        }
    }

    #[test]
    fn times_are_shown_as_settings() {
        assert_eq!(display("retry.base", "1500"), "1.5s");
        assert_eq!(display(RATE, "20"), "20");
    }
}
