//! The figures of a bench: samples of interleaved rounds, goals, and the table that shows both.

mod samples;
mod table;

pub use samples::Samples;
pub use table::{Layout, Row, Table};

/// What the median of a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// This value or more.
    AtLeast(f64),
    /// This value or less.
    AtMost(f64),
    /// The figure has no goal: it explains another one.
    None,
}

impl Goal {
    fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
            Self::None => true,
        }
    }

    /// The word of the table: `yes` or `no` for the median, with a question mark if some rounds say otherwise.
    fn verdict(self, samples: &Samples) -> &'static str {
        let met = self.is_met_by(samples.median());
        let agreed = [samples.min(), samples.max()].map(|value| self.is_met_by(value)) == [met; 2];
        match (self, met, agreed) {
            (Self::None, ..) => "",
            (_, true, true) => "yes",
            (_, true, false) => "yes?",
            (_, false, true) => "no",
            (_, false, false) => "no?",
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(least) => format!(">= {}", figure(least)),
            Self::AtMost(most) => format!("<= {}", figure(most)),
            Self::None => String::new(),
        }
    }
}

/// A number with three digits that count, thousands apart: `0.75`, `12.3`, `1,234`.
fn figure(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        size if size < 9.995 => 2,
        size if size < 99.95 => 1,
        _ => 0,
    };
    let text = format!("{value:.decimals$}");
    let digits = text.split('.').next().unwrap_or_default().len();
    if decimals > 0 || digits <= 3 {
        return text;
    }
    grouped(&text)
}

fn grouped(integer: &str) -> String {
    let (sign, digits) = match integer.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", integer),
    };
    let mut text = String::from(sign);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
