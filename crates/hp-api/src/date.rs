//! The date of the `Date-GMT` header: `Sun, 06 Nov 1994 08:49:37 GMT`, and no other form.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const DAY: u64 = 86_400;
/// 31 December 9999, 23:59:59.
const LAST: u64 = 253_402_300_799;

/// The header's text, to the second. Times before 1970 or after 9999 become the nearest one within.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let date = hp_api::date::format(UNIX_EPOCH + Duration::from_secs(784_111_777));
/// assert_eq!(date, "Sun, 06 Nov 1994 08:49:37 GMT");
/// ```
pub fn format(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    of_seconds(since.as_secs().min(LAST))
}

/// The time that a header's text says; none if it is not exactly of the one form, or no real date.
///
/// ```
/// assert!(hp_api::date::parse("Sun, 06 Nov 1994 08:49:37 GMT").is_some());
/// assert!(hp_api::date::parse("Mon, 06 Nov 1994 08:49:37 GMT").is_none());
/// assert!(hp_api::date::parse("Sun, 6 Nov 1994 08:49:37 GMT").is_none());
/// ```
pub fn parse(text: &str) -> Option<SystemTime> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let month = MONTHS
        .iter()
        .position(|name| text.get(8..11) == Some(*name))?;
    let year = number(12, 16).filter(|year| (1970..=9999).contains(year))?;
    let days = days_before(year, month) + number(5, 7)?.checked_sub(1)?;
    let seconds = number(17, 19)? * 3600 + number(20, 22)? * 60 + number(23, 25)?;
    let seconds = days * DAY + seconds;
    // Whatever was read loosely above (day names, separators, the 31st of February) shows here.
    let exact = seconds <= LAST && of_seconds(seconds) == text;
    exact.then(|| UNIX_EPOCH + Duration::from_secs(seconds))
}

fn of_seconds(seconds: u64) -> String {
    let (mut days, second) = (seconds / DAY, seconds % DAY);
    let weekday = DAYS[usize::try_from(days % 7).unwrap_or_default()];
    let mut year = 1970 + days / 366;
    while days_before(year + 1, 0) <= days {
        year += 1;
    }
    days -= days_before(year, 0);
    let month = (1..12)
        .take_while(|month| days_into(year, *month) <= days)
        .count();
    let day = days - days_into(year, month) + 1;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let month = MONTHS[month];
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Days from 1970 to the first of a month (0 to 11) of a year.
fn days_before(year: u64, month: usize) -> u64 {
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    (year - 1970) * 365 + leaps(year - 1) - leaps(1969) + days_into(year, month)
}

/// Days from New Year to the first of a month.
fn days_into(year: u64, month: usize) -> u64 {
    const COMMON: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    COMMON[month] + u64::from(is_leap && month > 1)
}
