//! How many spans wait, and for how long, by the standard variables. No memory is reserved for a number that somebody mistyped.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr, time::Duration};

/// Limits of the export.
#[derive(Debug)]
pub(super) struct Limits {
    /// The most spans that wait for the collector.
    pub(super) room: usize,
    /// The most spans in a request.
    pub(super) batch: usize,
    /// The longest time that a span waits for others.
    pub(super) delay: Duration,
}

/// The most spans that may wait. The library reserves room for all of them.
const MOST_ROOM: usize = 65_536;

impl Limits {
    /// What the variables say, otherwise the defaults of the standard. Adds a warning for each that cannot be used.
    pub(super) fn of_variables(
        read: impl Fn(&str) -> Option<String>,
        warnings: &mut Vec<String>,
    ) -> Self {
        for name in ["ATTRIBUTE", "EVENT", "LINK"] {
            let name = format!("OTEL_SPAN_{name}_COUNT_LIMIT");
            number(&read, &name, 0..=u32::MAX, 128, warnings);
        }
        let most = 1..=MOST_ROOM;
        let room = number(
            &read,
            "OTEL_BSP_MAX_QUEUE_SIZE",
            most.clone(),
            2048,
            warnings,
        );
        let batch = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE";
        let delay = "OTEL_BSP_SCHEDULE_DELAY";
        Self {
            room,
            batch: number(&read, batch, most, 512, warnings).min(room),
            delay: Duration::from_millis(number(&read, delay, 1..=3_600_000, 5000, warnings)),
        }
    }
}

/// A number within these bounds. A larger one counts as the largest. What is no number above them does not count.
fn number<T: Copy + Display + FromStr + PartialOrd>(
    read: &impl Fn(&str) -> Option<String>,
    name: &str,
    bounds: RangeInclusive<T>,
    default: T,
    warnings: &mut Vec<String>,
) -> T {
    let (least, most) = (*bounds.start(), *bounds.end());
    let text = read(name).unwrap_or_default();
    let text = text.trim();
    if text.is_empty() {
        return default;
    }
    match text.parse() {
        Ok(number) if number > most => {
            warnings.push(format!("{name} is above {most}, and counts as {most}"));
            most
        }
        Ok(number) if number >= least => number,
        _ => {
            warnings.push(format!(
                "{name} is no whole number from {least} to {most}, and does not count"
            ));
            default
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(variables: &[(&str, &str)]) -> (Limits, Vec<String>) {
        let mut warnings = Vec::new();
        let read = |name: &str| {
            let mut set = variables.iter();
            set.find_map(|(set, text)| (*set == name).then(|| (*text).to_owned()))
        };
        (Limits::of_variables(read, &mut warnings), warnings)
    }

    #[test]
    fn limits_have_defaults() {
        let (limits, warnings) = limits(&[("OTEL_BSP_MAX_QUEUE_SIZE", " ")]);
        let Limits { room, batch, delay } = limits;
        assert_eq!((room, batch, delay), (2048, 512, Duration::from_secs(5)));
        assert_eq!(warnings, [""; 0]);
    }

    #[test]
    fn large_room_is_cut_with_a_warning() {
        for (text, wanted, warned) in [
            ("65536", 65_536, 0),
            ("65537", 65_536, 1),
            ("1000000000", 65_536, 1),
            ("99999999999999999999999", 2048, 1),
            ("1", 1, 0),
            ("0", 2048, 1),
            ("-1", 2048, 1),
        ] {
            let (limits, warnings) = limits(&[("OTEL_BSP_MAX_QUEUE_SIZE", text)]);
            assert_eq!((limits.room, warnings.len()), (wanted, warned), "{text}");
            assert!(limits.batch <= limits.room);
        }
    }

    #[test]
    fn variable_that_is_no_number_is_named() {
        for name in [
            "OTEL_BSP_MAX_QUEUE_SIZE",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
            "OTEL_BSP_SCHEDULE_DELAY",
            "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
            "OTEL_SPAN_EVENT_COUNT_LIMIT",
            "OTEL_SPAN_LINK_COUNT_LIMIT",
        ] {
            let (_, warnings) = limits(&[(name, "hunter2")]);
            assert_eq!(warnings.len(), 1, "{name}");
            assert!(warnings[0].starts_with(name), "{warnings:?}");
            assert!(!warnings[0].contains("hunter2"), "{warnings:?}");
            assert_eq!(limits(&[(name, "7")]).1, [""; 0]);
        }
    }
}
