//! Commands that show something: orders, HitPoints' records, the queue as a whole.

mod orders;
mod queue;
mod story;
mod table;
mod vendor;

use std::{io::Write, time::Duration};

use hp_order::Millis;
use jiff::Timestamp;
use serde::Serialize;

pub(crate) use orders::{Filter, orders};
pub(crate) use queue::{Rejected, pause, rejected, status};
pub(crate) use story::order;
pub(crate) use vendor::{CardNumber, Products, pin, products, record};

/// Whether all is as it was to be.
pub(crate) type Shown = Result<bool, Box<dyn std::error::Error>>;

fn print_json(value: &impl Serialize) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// A length of time for people, to two units.
fn length(time: Duration) -> String {
    let seconds = time.as_secs();
    let rounded = match seconds {
        0..3_600 => seconds,
        3_600..86_400 => seconds / 60 * 60,
        _ => seconds / 3_600 * 3_600,
    };
    humantime::format_duration(Duration::from_secs(rounded)).to_string()
}

/// A time for people: in UTC, to the second.
fn time(at: Millis) -> String {
    let at = i64::try_from(at.0)
        .ok()
        .and_then(|at| Timestamp::from_millisecond(at).ok());
    at.map_or_else(String::new, |at| {
        at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
    })
}

/// The same of Unix seconds.
pub(crate) fn seconds(at: i64) -> String {
    u64::try_from(at).map_or_else(
        |_| String::new(),
        |at| time(Millis(at.saturating_mul(1000))),
    )
}
