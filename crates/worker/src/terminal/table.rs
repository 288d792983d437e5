use std::{
    borrow::Cow,
    io::{self, Write},
};

use unicode_width::UnicodeWidthStr;

use crate::out::escape_control;

/// Columns as wide as they need to be for the rows so far.
pub(super) struct Table {
    head: Vec<&'static str>,
    widths: Vec<usize>,
    has_head: bool,
}

impl Table {
    pub(super) fn new(head: &[&'static str]) -> Self {
        Self {
            head: head.to_vec(),
            widths: head.iter().map(|name| name.width()).collect(),
            has_head: false,
        }
    }

    /// Prints some rows, and the head before the first ones.
    pub(super) fn print(&mut self, rows: &[Vec<String>]) -> io::Result<()> {
        let rows: Vec<Vec<Cow<'_, str>>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| escape_control(cell)).collect())
            .collect();
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        if !self.has_head {
            self.has_head = true;
            self.line(self.head.iter().copied())?;
        }
        for row in &rows {
            self.line(row.iter().map(AsRef::as_ref))?;
        }
        Ok(())
    }

    fn line<'a>(&self, cells: impl Iterator<Item = &'a str>) -> io::Result<()> {
        let padded = cells.zip(&self.widths).map(|(cell, width)| {
            let padding = width.saturating_sub(cell.width());
            format!("{cell}{}", " ".repeat(padding))
        });
        let line = padded.collect::<Vec<_>>().join("  ");
        writeln!(io::stdout().lock(), "{}", line.trim_end())
    }
}

/// A name and a value in each line; what has no value is left out.
pub(super) fn pairs(pairs: &[(&str, String)]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "{name:<width$}  {}", escape_control(value))?;
    }
    Ok(())
}
