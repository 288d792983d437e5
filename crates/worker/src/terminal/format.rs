use std::{io::Write, time::Duration};

use hp_order::Millis;
use jiff::Timestamp;
use serde::Serialize;

use super::{CommandError, stdout::stdout};

/// Prints a value as indented JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), CommandError> {
    let mut out = stdout();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Formats a duration in at most two units.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let rounded = match seconds {
        0..3_600 => seconds,
        3_600..86_400 => seconds / 60 * 60,
        _ => seconds / 3_600 * 3_600,
    };
    humantime::format_duration(Duration::from_secs(rounded)).to_string()
}

/// Formats a time in UTC, to the second. Empty for a time that no calendar has.
pub(crate) fn time(at: Millis) -> String {
    let at = i64::try_from(at.0)
        .ok()
        .and_then(|at| Timestamp::from_millisecond(at).ok());
    at.map_or_else(String::new, |at| {
        at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
    })
}

/// Formats a time in Unix seconds, in UTC.
pub(crate) fn unix_seconds(at: i64) -> String {
    u64::try_from(at).map_or_else(
        |_| String::new(),
        |at| time(Millis(at.saturating_mul(1000))),
    )
}

/// Stands for a value that HitPoints did not give.
pub(crate) const UNKNOWN: &str = "-";

/// The value as text, or [`UNKNOWN`].
pub(crate) fn known<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| UNKNOWN.into(), |value| value.to_string())
}
