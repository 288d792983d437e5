use std::{
    borrow::Cow,
    io::{self, Write},
};

use unicode_width::UnicodeWidthStr;

use super::{escape_control, stdout::stdout};

/// A table whose columns grow with the widest cell that was printed.
pub(crate) struct Table {
    head: Vec<&'static str>,
    widths: Vec<usize>,
    has_head: bool,
}

impl Table {
    pub(crate) fn new(head: &[&'static str]) -> Self {
        Self {
            head: head.to_vec(),
            widths: head.iter().map(|name| name.width()).collect(),
            has_head: false,
        }
    }

    /// Prints rows, and the head before the first ones.
    pub(crate) fn print(&mut self, rows: &[Vec<String>]) -> io::Result<()> {
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
            self.print_line(self.head.iter().copied())?;
        }
        for row in &rows {
            self.print_line(row.iter().map(AsRef::as_ref))?;
        }
        Ok(())
    }

    fn print_line<'a>(&self, cells: impl Iterator<Item = &'a str>) -> io::Result<()> {
        let padded = cells.zip(&self.widths).map(|(cell, width)| {
            let padding = width.saturating_sub(cell.width());
            format!("{cell}{}", " ".repeat(padding))
        });
        let line = padded.collect::<Vec<_>>().join("  ");
        writeln!(stdout(), "{}", line.trim_end())
    }
}

/// Prints a name and a value in each line. Leaves out empty values.
pub(crate) fn print_pairs(pairs: &[(&str, String)]) -> io::Result<()> {
    let mut out = stdout();
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "{name:<width$}  {}", escape_control(value))?;
    }
    Ok(())
}
