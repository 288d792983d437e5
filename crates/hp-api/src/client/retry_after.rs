//! Reads the header `Retry-After` of an answer that a front end gave in place of the API.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};

/// The longest time that is believed. A front end may write anything.
const LONGEST: Duration = Duration::from_hours(1);

/// Returns for how long the caller should send nothing, if the header says it: in seconds, or as a date. A date counts from
/// the answer's own `Date`, so a wrong clock of this machine does not matter. If the header is repeated, the longest time
/// counts.
pub(super) fn read(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let date = |value: &http::HeaderValue| httpdate::parse_http_date(value.to_str().ok()?).ok();
    let answered_at = headers.get(header::DATE).and_then(date).unwrap_or(now);
    let time = |value: &http::HeaderValue| {
        let seconds = value
            .to_str()
            .ok()
            .and_then(|text| read_seconds(text.trim()));
        seconds.or_else(|| Some(date(value)?.duration_since(answered_at).unwrap_or_default()))
    };
    let times = headers.get_all(header::RETRY_AFTER).iter().filter_map(time);
    times.max().map(|time| time.min(LONGEST))
}

/// A number with more digits than fit is longer than any limit.
fn read_seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue, header};

    use super::{LONGEST, read};

    const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    fn read_values(values: &[&str], date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(header::RETRY_AFTER, value);
        }
        if let Some(date) = date {
            headers.insert(header::DATE, HeaderValue::from_str(date).unwrap());
        }
        let now = httpdate::parse_http_date(NOW).unwrap();
        read(&headers, now)
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        let seconds = |values: &[&str]| read_values(values, None).map(|time| time.as_secs());
        assert_eq!(seconds(&["7"]), Some(7));
        assert_eq!(seconds(&[" 7 "]), Some(7));
        assert_eq!(seconds(&["0"]), Some(0));
        assert_eq!(seconds(&["1", "120", "x"]), Some(120));
        assert_eq!(seconds(&["Sun, 06 Nov 1994 08:50:37 GMT"]), Some(60));
        assert_eq!(seconds(&["Sun, 06 Nov 1994 08:00:00 GMT"]), Some(0));
        assert_eq!(seconds(&[]), None);
        // The clock of the front end is two minutes ahead of this one.
        let ahead = Some("Sun, 06 Nov 1994 08:51:37 GMT");
        let date = read_values(&["Sun, 06 Nov 1994 08:51:47 GMT"], ahead);
        assert_eq!(date, Some(Duration::from_secs(10)));
    }

    #[test]
    fn hostile_retry_after_is_bounded() {
        let digits = "9".repeat(5000);
        let long = ["86400", &digits, "Fri, 31 Dec 9999 23:59:59 GMT"];
        for value in long {
            assert_eq!(read_values(&[value], None), Some(LONGEST), "{value}");
        }
        for value in ["", "-1", "1.5", "+3", "0x10", "soon", "1 2", "\u{e9}"] {
            assert_eq!(read_values(&[value], None), None, "{value}");
        }
    }
}
