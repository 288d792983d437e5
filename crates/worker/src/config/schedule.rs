use croner::{Cron, parser::CronParser};
use hp_order::Millis;
use jiff::{Timestamp, Zoned, tz::TimeZone};
use schemars::JsonSchema;
use serde::Deserialize;

use super::values::refused;
use crate::clock::now;

/// A cron expression of five fields, or of six with the seconds first.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline, with = "String", extend("examples" = ["*/5 * * * *"]))]
pub(super) struct CronExpression {
    cron: Cron,
    text: String,
}

impl TryFrom<String> for CronExpression {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let remedy = "Give a cron expression such as */5 * * * *.";
        let cron = CronParser::new()
            .parse(&text)
            .map_err(|error| refused(&text, error, remedy))?;
        let never = || refused(&text, "no such time exists from now on", remedy);
        let now = Timestamp::try_from(now()).unwrap_or(Timestamp::UNIX_EPOCH);
        let start = Zoned::new(now, TimeZone::UTC);
        cron.find_next_occurrence(&start, false)
            .map_err(|_| never())?;
        Ok(Self { cron, text })
    }
}

/// The name of a time zone in the IANA database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(inline, with = "String", extend("examples" = ["UTC", "Asia/Shanghai"]))]
pub(super) struct TimeZoneName {
    zone: TimeZone,
    name: String,
}

impl TryFrom<String> for TimeZoneName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let remedy = "Give a name such as UTC or Asia/Shanghai.";
        let zone = TimeZone::get(&name).map_err(|error| refused(&name, error, remedy))?;
        Ok(Self { zone, name })
    }
}

/// When reconciliation runs start: a cron expression in a time zone.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    expression: CronExpression,
    zone: TimeZoneName,
}

impl Schedule {
    pub(super) fn new(expression: CronExpression, zone: TimeZoneName) -> Self {
        Self { expression, zone }
    }

    /// Returns the latest scheduled time up to `now`, if there is one.
    pub(crate) fn latest(&self, now: Millis) -> Option<Millis> {
        let cron = &self.expression.cron;
        let time = cron.find_previous_occurrence(&self.zoned(now)?, true);
        millis(&time.ok()?)
    }

    /// Returns the first scheduled time after `now`, if there is one.
    pub(crate) fn next(&self, now: Millis) -> Option<Millis> {
        let cron = &self.expression.cron;
        let time = cron.find_next_occurrence(&self.zoned(now)?, false);
        millis(&time.ok()?)
    }

    pub(super) fn text(&self) -> &str {
        &self.expression.text
    }

    pub(super) fn zone(&self) -> &str {
        &self.zone.name
    }

    fn zoned(&self, now: Millis) -> Option<Zoned> {
        let at = Timestamp::from_millisecond(i64::try_from(now.0).ok()?).ok()?;
        Some(at.to_zoned(self.zone.zone.clone()))
    }
}

fn millis(at: &Zoned) -> Option<Millis> {
    u64::try_from(at.timestamp().as_millisecond())
        .ok()
        .map(Millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(text: &str, zone: &str) -> Result<Schedule, String> {
        let expression = CronExpression::try_from(text.to_owned())?;
        let zone = TimeZoneName::try_from(zone.to_owned())?;
        Ok(Schedule::new(expression, zone))
    }

    fn at(text: &str) -> Millis {
        millis(&text.parse::<Timestamp>().unwrap().to_zoned(TimeZone::UTC)).unwrap()
    }

    #[test]
    fn schedule_finds_ticks_around_a_time() {
        let schedule = schedule("*/5 * * * *", "UTC").unwrap();
        let now = at("2026-03-01T10:07:31.5Z");
        assert_eq!(schedule.latest(now), Some(at("2026-03-01T10:05:00Z")));
        assert_eq!(schedule.next(now), Some(at("2026-03-01T10:10:00Z")));
        let tick = at("2026-03-01T10:10:00Z");
        assert_eq!(schedule.latest(tick), Some(tick));
        assert_eq!(schedule.next(tick), Some(at("2026-03-01T10:15:00Z")));
    }

    #[test]
    fn schedule_hours_are_in_its_time_zone() {
        let schedule = schedule("30 6 * * *", "Asia/Shanghai").unwrap();
        assert_eq!(
            schedule.next(at("2026-03-01T00:00:00Z")),
            Some(at("2026-03-01T22:30:00Z"))
        );
    }

    #[test]
    fn schedule_with_a_bad_part_is_refused() {
        for (text, zone) in [
            ("every day", "UTC"),
            ("61 * * * *", "UTC"),
            ("0 0 31 2 *", "UTC"),
            ("0 0 30 2 *", "UTC"),
            ("0 0 31 4,6,9,11 *", "UTC"),
            ("0 0 0 29 2 * 2027", "UTC"),
            ("0 0 0 1 1 * 2020", "UTC"),
            ("* * * * *", "Mars/Base"),
        ] {
            assert!(schedule(text, zone).is_err(), "{text} {zone}");
        }
    }
}
