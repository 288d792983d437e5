//! The strict form of the `Date-GMT` header.
#![allow(
    clippy::unwrap_used,
    reason = "a failure in test support is a failed test"
)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hp_api::date;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

#[test]
fn date_is_parsed_from_1970_to_9999() {
    for (text, seconds) in [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
    ] {
        assert_eq!(date::parse(text), Some(at(seconds)), "{text}");
        assert_eq!(date::format(at(seconds)), text);
    }
}

#[test]
fn date_in_any_other_form_is_rejected() {
    for text in [
        "",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994  8:49:37 GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sonntag, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ] {
        assert_eq!(date::parse(text), None, "{text:?}");
    }
}

#[test]
fn date_that_does_not_exist_is_rejected() {
    for text in [
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Wed, 31 Feb 1994 08:49:37 GMT",
        "Thu, 29 Feb 1900 08:49:37 GMT",
        "Mon, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:60 GMT",
        "Wed, 31 Dec 1969 23:59:59 GMT",
        "Mon, 01 Jan 0000 00:00:00 GMT",
    ] {
        assert_eq!(date::parse(text), None, "{text:?}");
    }
}

#[test]
fn time_out_of_range_is_formatted_as_the_nearest_date() {
    let before = UNIX_EPOCH - Duration::from_secs(1);
    assert_eq!(date::format(before), "Thu, 01 Jan 1970 00:00:00 GMT");
    for after in [253_402_300_800, i64::MAX.cast_unsigned()] {
        assert_eq!(date::format(at(after)), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
