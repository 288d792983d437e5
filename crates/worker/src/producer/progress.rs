//! The progress of orders and of their results, on standard error.

use std::{
    io::{self, IsTerminal},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use tokio::time::Instant;

use crate::terminal::{errln, format::duration};

/// How often the line on a terminal is drawn, even if nothing happens.
const DRAW_INTERVAL: Duration = Duration::from_millis(200);
/// How often a line is printed where no terminal is.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Counts results as they come: a bar on a terminal, else a line now and then.
pub(super) struct ResultProgress {
    bar: ProgressBar,
    counts: Counts,
    started: Instant,
    /// When the next line is printed. `None` on a terminal, and if no progress is shown.
    next_line: Option<Instant>,
}

/// How many orders are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) all: u64,
    pub(super) done: u64,
    pub(super) not_completed: u64,
}

impl ResultProgress {
    /// Nothing is shown yet.
    pub(super) fn new(all: usize) -> Self {
        Self {
            bar: ProgressBar::hidden(),
            counts: Counts {
                all: all as u64,
                done: 0,
                not_completed: 0,
            },
            started: Instant::now(),
            next_line: None,
        }
    }

    /// Shows the progress from now on.
    pub(super) fn show(&mut self) {
        self.started = Instant::now();
        if io::stderr().is_terminal() {
            self.bar = result_bar(self.counts.all);
        } else {
            self.next_line = Some(self.started + LINE_INTERVAL);
        }
    }

    pub(super) const fn counts(&self) -> Counts {
        self.counts
    }

    /// Counts an order that needs no more waiting.
    pub(super) fn advance(&mut self, is_completed: bool) {
        self.counts.done += 1;
        if !is_completed {
            self.counts.not_completed += 1;
            self.bar.set_message(self.counts.failures());
        }
        self.bar.inc(1);
    }

    /// Prints while no bar is on the screen.
    pub(super) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    /// Prints a line if it is time for one.
    pub(super) fn print_line(&mut self) {
        let now = Instant::now();
        if self.next_line.is_none_or(|at| now < at) {
            return;
        }
        self.next_line = Some(now + LINE_INTERVAL);
        let rate = rate(self.counts.done, now - self.started);
        errln!("worker: {}", self.counts.text(rate));
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Counts {
    fn failures(self) -> String {
        match self.not_completed {
            0 => String::new(),
            n => format!(", {n} not completed"),
        }
    }

    /// All that is known, at a rate of so many results a second.
    fn text(self, rate: f64) -> String {
        let Self { all, done, .. } = self;
        let speed = speed(all - done, rate);
        format!("{done} of {all} results{}{speed}", self.failures())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate is shown with one decimal"
)]
fn rate(done: u64, time: Duration) -> f64 {
    done as f64 / time.as_secs_f64().max(0.001)
}

/// The rate, and how long the rest takes. Nothing if nothing comes.
#[expect(clippy::cast_precision_loss, reason = "the time left is an estimate")]
fn speed(left: u64, rate: f64) -> String {
    if rate < 0.05 {
        return String::new();
    }
    let seconds = left as f64 / rate;
    match Duration::try_from_secs_f64(seconds.ceil()) {
        Ok(time) if left > 0 => format!(", {rate:.1} a second, {} left", duration(time)),
        _ => format!(", {rate:.1} a second"),
    }
}

fn result_bar(all: u64) -> ProgressBar {
    let bar = ProgressBar::new(all);
    let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} results{msg}{speed}");
    if let Ok(style) = style {
        let speed = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let left = state.len().unwrap_or_default().saturating_sub(state.pos());
            // A failure to write is one of the terminal.
            let _ = out.write_str(&speed(left, state.per_sec()));
        };
        bar.set_style(style.with_key("speed", speed));
    }
    bar.enable_steady_tick(DRAW_INTERVAL);
    bar
}

/// The bar of orders that are enqueued, on a terminal only.
pub(super) fn enqueue_bar(orders: usize, is_hidden: bool) -> ProgressBar {
    if is_hidden || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(orders as u64);
    let style = "{wide_bar} {pos} of {len} orders enqueued, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_names_failures_rate_and_time_left() {
        let counts = Counts {
            all: 500,
            done: 120,
            not_completed: 3,
        };
        let text = "120 of 500 results, 3 not completed, 10.0 a second, 38s left";
        assert_eq!(counts.text(10.0), text);
        assert_eq!(
            Counts {
                done: 500,
                not_completed: 0,
                ..counts
            }
            .text(2.5),
            "500 of 500 results, 2.5 a second"
        );
        assert_eq!(
            Counts {
                done: 0,
                not_completed: 0,
                ..counts
            }
            .text(0.0),
            "0 of 500 results"
        );
    }
}
