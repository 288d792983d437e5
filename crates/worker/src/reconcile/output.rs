//! What a person, a script and a spreadsheet see of a run.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{audit::Audit, report::Report, run::Progress};
use crate::out::escape_control;

/// A count of the orders gone through, on a terminal only.
pub(super) struct Bar(ProgressBar);

pub(super) fn bar(is_hidden: bool) -> Bar {
    let bar = if is_hidden {
        ProgressBar::hidden()
    } else {
        ProgressBar::new_spinner()
    };
    let style = ProgressStyle::with_template("{spinner} {pos} orders, {per_sec}, {elapsed}");
    if let Ok(style) = style {
        bar.set_style(style);
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

pub(super) fn print(report: &Report, as_json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    if as_json {
        return writeln!(out, "{}", serde_json::to_string_pretty(report)?);
    }
    for preview in &report.preview {
        let message = escape_control(preview.message.as_deref().unwrap_or_default());
        writeln!(
            out,
            "{}  {} -> {}  {message}",
            preview.order_id, preview.from, preview.to
        )?;
    }
    for (name, figure) in report.figures() {
        writeln!(out, "{:<18}{figure:>9}", words(name))?;
    }
    for (currency, amount) in &report.amounts {
        writeln!(out, "{:<18}{amount:>9}", format!("charged, {currency}"))?;
    }
    if let Some(audit) = &report.audit {
        print_audit(&mut out, audit)?;
    }
    for id in &report.needs_a_person {
        writeln!(out, "needs a person: {id}")?;
    }
    let took = Duration::from_millis(report.took());
    writeln!(out, "in {}", humantime::format_duration(took))
}

fn print_audit(out: &mut impl Write, audit: &Audit) -> std::io::Result<()> {
    for (name, figure) in audit.figures() {
        writeln!(out, "{:<18}{figure:>9}", format!("audit: {name}"))?;
    }
    for (currency, sum) in &audit.totals.by_currency {
        let line = format!("{} orders, {} cards", sum.orders, sum.cards);
        writeln!(out, "audit: {} {currency} in {line}", sum.amount)?;
    }
    for found in &audit.disagreements {
        writeln!(
            out,
            "audit: {}: {}",
            found.order_id,
            escape_control(&found.what)
        )?;
    }
    Ok(())
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// A file for a report: rows of figure, key and value for a spreadsheet where its name ends in .csv, else JSON.
pub(super) struct ReportFile {
    file: File,
    path: PathBuf,
}

/// Before the run: a file that cannot be written is found out now.
pub(super) fn create(path: &Path) -> Result<ReportFile, String> {
    let file = File::create(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let path = path.to_owned();
    Ok(ReportFile { file, path })
}

impl ReportFile {
    pub(super) fn write(self, report: &Report) -> Result<(), String> {
        let Self { mut file, path } = self;
        let is_csv = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        let written = if is_csv {
            write_rows(report, file)
        } else {
            serde_json::to_string_pretty(report)
                .map_err(Into::into)
                .and_then(|json| writeln!(file, "{json}"))
        };
        written.map_err(|error| format!("{}: {error}", path.display()))
    }
}

fn write_rows(report: &Report, file: File) -> std::io::Result<()> {
    let mut table = csv::Writer::from_writer(file);
    table.write_record(["figure", "key", "value"])?;
    for [figure, key, value] in report.rows() {
        table.write_record([figure, key, value])?;
    }
    table.flush()
}
