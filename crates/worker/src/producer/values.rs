//! The values of an order as people and programs write them, in a file or on the command line.

use std::{fmt::Display, str::FromStr};

use hp_api::OrderId;
use hp_order::Millis;
use hp_queue::{Deadline, JobError};
use jiff::Timestamp;

/// Reads an order id.
pub(crate) fn parse_order_id(text: &str) -> Result<OrderId, String> {
    parse_plain(text)
}

/// The most characters of a refused value in an error.
const SHOWN: usize = 40;

/// Reads a whole number of the command line: a product id or a quantity. Clap shows a refused value.
pub(crate) fn parse_number<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    parse_plain(text)
}

/// Reads a whole number of a file. The error shows the refused value.
pub(super) fn parse_file_number<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    refuse_rounded(text)?;
    text.parse().map_err(|why: T::Err| {
        let shown: String = text.chars().take(SHOWN).collect();
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        let hint = if is_plain {
            ""
        } else {
            ". Write digits only, without a leading zero"
        };
        format!("{why}, not {shown:?}{hint}")
    })
}

/// Reads a deadline: Unix milliseconds or an RFC 3339 time.
pub(crate) fn parse_deadline(text: &str) -> Result<Deadline, String> {
    refuse_rounded(text)?;
    let at = match text.parse() {
        Ok(at) => Some(Millis(at)),
        Err(_) => text.parse().ok().and_then(|at: Timestamp| {
            let at = u64::try_from(at.as_millisecond()).ok()?;
            Some(Millis(at))
        }),
    };
    let at = at.ok_or_else(|| {
        format!("{text:?} is not a time: write Unix milliseconds, or 2026-12-31T18:00:00Z")
    })?;
    at.try_into().map_err(|error: JobError| error.to_string())
}

fn parse_plain<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    refuse_rounded(text)?;
    text.parse().map_err(|why: T::Err| why.to_string())
}

/// Refuses a long number as spreadsheets and other programs write it after they have dropped its last digits. Two different
/// ids would become one.
fn refuse_rounded(text: &str) -> Result<(), String> {
    if !is_rounded(text) {
        return Ok(());
    }
    Err(format!(
        "{text} is a rounded number: a spreadsheet or another program has dropped digits. Format the column as text, and export the original value"
    ))
}

/// `1.23E+15`, `12.3e17`, `1.E+15` and `123E+12`, but not `12E4` and `3E-12`, which may be ids: a whole number has no negative
/// exponent.
fn is_rounded(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return false;
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (whole, fraction) = match mantissa.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let (has_plus, digits) = match exponent.strip_prefix('+') {
        Some(digits) => (true, digits),
        None => (false, exponent),
    };
    let has_digits = !digits.is_empty() && mantissa.bytes().any(|byte| byte.is_ascii_digit());
    has_digits
        && is_digits(whole)
        && is_digits(fraction.unwrap_or_default())
        && is_digits(digits)
        && (has_plus || fraction.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_numbers_are_told_from_ids() {
        for text in [
            "1.23E+15",
            "1,23E+15",
            "2.0261128e+19",
            "1E+05",
            "1.5E15",
            "12.3E+17",
            "123.4E15",
            "1.E+15",
            "1,e15",
            "123E+12",
            ".5E+15",
            "+1.5E+15",
            "-12E+3",
        ] {
            assert!(is_rounded(text), "{text}");
            let why = parse_order_id(text).unwrap_err();
            assert!(why.contains(text) && why.contains("rounded"), "{why}");
        }
        for text in [
            "12E4", "E-1", "1E5", "A1.2E+3", "1.2", "1e", "2e+x", "3E-12", "1.5E-3", "12e-04",
            "E+1", ".E+1", "1E+", "1.2.3E+4", "1E+-5", "1E++5", "--1E+5", "1.5E+3-A",
        ] {
            assert!(!is_rounded(text), "{text}");
            assert_eq!(parse_order_id(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn deadline_in_another_unit_names_the_right_value() {
        for text in ["1795890000", "1795890000000000", "1795890000000000000"] {
            let why = parse_deadline(text).unwrap_err();
            assert!(why.ends_with("did you mean 1795890000000?"), "{why}");
        }
        for text in ["0", "1000", "1999-12-31T00:00:00Z"] {
            let why = parse_deadline(text).unwrap_err();
            assert!(why.ends_with("is before the year 2001"), "{why}");
        }
        for text in ["978307200000", "999999999999999", "2001-01-01T00:00:00Z"] {
            parse_deadline(text).unwrap();
        }
        let why = parse_deadline("10000000000000000").unwrap_err();
        assert!(why.ends_with("has more than 15 digits"), "{why}");
    }
}
