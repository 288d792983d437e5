//! The date of the `Date-GMT` header: `Sun, 06 Nov 1994 08:49:37 GMT`, and no other form.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// 9999-12-31 23:59:59 in Unix seconds. `httpdate` panics on later times.
const LAST_SECOND: u64 = 253_402_300_799;

/// Formats a time as the text of the header, to the second.
///
/// Times before 1970 or after 9999 become the nearest time in this range.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let date = hp_api::date::format(UNIX_EPOCH + Duration::from_secs(784_111_777));
/// assert_eq!(date, "Sun, 06 Nov 1994 08:49:37 GMT");
/// ```
pub fn format(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
        .min(LAST_SECOND);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Parses the text of the header. Returns `None` if the text is not exactly of this form or not a real date.
///
/// ```
/// assert!(hp_api::date::parse("Sun, 06 Nov 1994 08:49:37 GMT").is_some());
/// assert!(hp_api::date::parse("Mon, 06 Nov 1994 08:49:37 GMT").is_none());
/// assert!(hp_api::date::parse("Sun, 6 Nov 1994 08:49:37 GMT").is_none());
/// ```
pub fn parse(text: &str) -> Option<SystemTime> {
    let time = httpdate::parse_http_date(text).ok()?;
    // `httpdate` also reads two older forms and ignores blanks around the text.
    (format(time) == text).then_some(time)
}
