//! The report of a run: in the log, on standard output, and as JSON.

use std::{
    io::{self, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use tracing::{error, info};

use super::{audit::findings::Audit, report::Report, run::Progress};
use crate::terminal::{escape_control, stdout::stdout};

/// How often the progress is drawn.
const DRAW_INTERVAL: Duration = Duration::from_millis(200);

/// Counts the orders that are done, on a terminal only.
pub(super) struct Bar(ProgressBar);

pub(super) fn progress_bar(is_hidden: bool) -> Bar {
    let bar = if is_hidden {
        ProgressBar::hidden()
    } else {
        ProgressBar::new_spinner()
    };
    let style = ProgressStyle::with_template("{spinner} {pos} orders, {per_sec}, {elapsed}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    if !is_hidden {
        // A thread of its own draws, so that a terminal that is stopped does not stop the run.
        bar.enable_steady_tick(DRAW_INTERVAL);
    }
    Bar(bar)
}

impl Bar {
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn advance(&self, orders: usize) {
        self.0.inc(orders as u64);
    }
}

/// Logs the end of a run on the schedule. A single run prints its report.
pub(super) fn log(report: &Report) {
    let figures = report
        .figures()
        .map(|figure| format!("{} {}", figure.name, figure.count));
    let amounts = report
        .amounts
        .iter()
        .map(|(currency, amount)| format!("{amount} {currency}"));
    let amounts: Vec<_> = amounts.collect();
    info!(
        found = figures.join(", "),
        charged = amounts.join(", "),
        needs_review = report.review_ids.join(", "),
        dry_run = report.dry_run,
        took_ms = report.took_ms(),
        "reconciliation run ended"
    );
    if let Some(reason) = &report.incomplete {
        error!(reason, "reconciliation run incomplete");
    }
}

/// Prints the report: everything that is not zero.
pub(super) fn print(report: &Report, as_json: bool) -> io::Result<()> {
    let mut out = stdout();
    if as_json {
        return writeln!(out, "{}", serde_json::to_string_pretty(report)?);
    }
    for preview in &report.preview {
        let message = escape_control(preview.message.as_deref().unwrap_or_default());
        let (id, from, to) = (&preview.order_id, preview.from, preview.to);
        writeln!(out, "{id}  {from} -> {to}  {message}")?;
    }
    print_figures(&mut out, report)?;
    for (currency, amount) in &report.amounts {
        print_figure(&mut out, &format!("charged, {currency}"), amount)?;
    }
    if let Some(audit) = &report.audit {
        print_audit(&mut out, audit)?;
    }
    for id in &report.review_ids {
        writeln!(out, "needs review: {id}")?;
    }
    let unlisted = report
        .needing_review()
        .saturating_sub(report.review_ids.len() as u64);
    if unlisted > 0 {
        writeln!(out, "needs review: {unlisted} more")?;
    }
    let took = Duration::from_millis(report.took_ms());
    let unchanged = if report.dry_run {
        "dry run, nothing was changed; "
    } else {
        ""
    };
    writeln!(out, "{unchanged}in {}", humantime::format_duration(took))
}

fn print_figures(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let figures = report.figures().into_iter();
    let mut figures = figures.filter(|figure| figure.count > 0).peekable();
    if figures.peek().is_none() && report.incomplete.is_none() {
        return writeln!(out, "no order is stuck or in review");
    }
    figures.try_for_each(|figure| {
        let label = figure.name.replace('_', " ");
        print_figure(out, &label, &figure.count)
    })
}

fn print_figure(out: &mut impl Write, label: &str, figure: &impl ToString) -> io::Result<()> {
    writeln!(out, "{label:<18}{:>9}", figure.to_string())
}

fn print_audit(out: &mut impl Write, audit: &Audit) -> io::Result<()> {
    // That nothing was compared is an answer, too.
    let figures = audit.figures().into_iter();
    let shown = figures.filter(|(name, figure)| *figure > 0 || *name == "compared");
    for (name, figure) in shown {
        print_figure(out, &format!("audit: {name}"), &figure)?;
    }
    for (currency, sum) in &audit.totals.by_currency {
        let (orders, cards) = (sum.orders, sum.cards);
        writeln!(
            out,
            "audit: {} {currency} in {orders} orders, {cards} cards",
            sum.amount
        )?;
    }
    for found in &audit.disagreements {
        let difference = escape_control(&found.difference);
        writeln!(out, "audit: {}: {difference}", found.order_id)?;
    }
    Ok(())
}
