use croner::{Cron, parser::CronParser};
use hp_order::Millis;
use jiff::{Timestamp, Zoned, tz::TimeZone};

/// When reconciliation runs are made: a cron expression in a time zone.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    cron: Cron,
    zone: TimeZone,
    text: String,
    zone_name: String,
}

impl Schedule {
    /// Of an expression of five fields (or six, seconds first) and the name of a zone.
    pub(crate) fn new(text: &str, zone_name: &str) -> Result<Self, String> {
        let cron = CronParser::new()
            .parse(text)
            .map_err(|error| error.to_string())?;
        let schedule = Self {
            cron,
            zone: TimeZone::get(zone_name).map_err(|error| error.to_string())?,
            text: text.into(),
            zone_name: zone_name.into(),
        };
        Ok(schedule)
    }

    /// The latest tick up to `now`; none if there was none.
    pub(crate) fn latest(&self, now: Millis) -> Option<Millis> {
        let tick = self.cron.find_previous_occurrence(&self.zoned(now)?, true);
        millis(&tick.ok()?)
    }

    /// The first tick after `now`; none if there is none.
    pub(crate) fn next(&self, now: Millis) -> Option<Millis> {
        let tick = self.cron.find_next_occurrence(&self.zoned(now)?, false);
        millis(&tick.ok()?)
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn zone(&self) -> &str {
        &self.zone_name
    }

    fn zoned(&self, now: Millis) -> Option<Zoned> {
        let at = Timestamp::from_millisecond(i64::try_from(now.0).ok()?).ok()?;
        Some(at.to_zoned(self.zone.clone()))
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

    fn at(text: &str) -> Millis {
        millis(&text.parse::<Timestamp>().unwrap().to_zoned(TimeZone::UTC)).unwrap()
    }

    #[test]
    fn a_tick_is_found_before_and_after_any_time() {
        let schedule = Schedule::new("*/5 * * * *", "UTC").unwrap();
        let now = at("2026-03-01T10:07:31.5Z");
        assert_eq!(schedule.latest(now), Some(at("2026-03-01T10:05:00Z")));
        assert_eq!(schedule.next(now), Some(at("2026-03-01T10:10:00Z")));
        let tick = at("2026-03-01T10:10:00Z");
        assert_eq!(schedule.latest(tick), Some(tick));
        assert_eq!(schedule.next(tick), Some(at("2026-03-01T10:15:00Z")));
    }

    #[test]
    fn the_hour_is_that_of_the_time_zone() {
        let schedule = Schedule::new("30 6 * * *", "Asia/Shanghai").unwrap();
        assert_eq!(
            schedule.next(at("2026-03-01T00:00:00Z")),
            Some(at("2026-03-01T22:30:00Z"))
        );
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for (text, zone) in [
            ("every day", "UTC"),
            ("61 * * * *", "UTC"),
            ("* * * * *", "Mars/Base"),
        ] {
            assert!(Schedule::new(text, zone).is_err(), "{text} {zone}");
        }
    }
}
