//! A time that an operator gives.

use std::{str::FromStr, time::Duration};

use hp_order::Millis;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// A time, or a duration before now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeBound {
    Ago(Duration),
    At(Millis),
}

impl TimeBound {
    /// Returns the time, if it is `now`.
    pub(super) fn at(self, now: Millis) -> Millis {
        match self {
            Self::Ago(duration) => now.before(duration),
            Self::At(at) => at,
        }
    }
}

impl FromStr for TimeBound {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(duration) = humantime::parse_duration(text) {
            return Ok(Self::Ago(duration));
        }
        let at = unix_millis(text).or_else(|| timestamp(text));
        at.map(Self::At).ok_or(
            "write a time ago such as 2h or 7d, a day such as 2026-12-31, or a time such as 2026-12-31T18:00:00Z (UTC)",
        )
    }
}

/// Unix milliseconds. Fewer digits are seconds, or a year.
fn unix_millis(text: &str) -> Option<Millis> {
    let is_plain = text.len() >= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok().map(Millis)).flatten()
}

fn timestamp(text: &str) -> Option<Millis> {
    let midnight = |day: Date| day.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    let at = match text.parse::<Timestamp>() {
        Ok(at) => at,
        Err(_) if text.len() == 10 => midnight(text.parse().ok()?)?,
        Err(_) => return None,
    };
    u64::try_from(at.as_millisecond()).ok().map(Millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_read_as_people_write_it() {
        let now = Millis(1_795_900_000_000);
        let at = |text: &str| text.parse::<TimeBound>().map(|bound| bound.at(now).0);
        assert_eq!(at("2h"), Ok(now.0 - 7_200_000));
        assert_eq!(at("0s"), Ok(now.0));
        for text in [
            "1795824000000",
            "2026-11-28",
            "2026-11-28T00:00:00Z",
            "2026-11-28 00:00:00Z",
            "2026-11-28T01:00:00+01:00",
        ] {
            assert_eq!(at(text), Ok(1_795_824_000_000), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2026",
            "1795824000",
            "2026-11-28T00:00",
            "2026-13-01",
            "5",
        ] {
            assert!(at(text).is_err(), "{text}");
        }
    }
}
