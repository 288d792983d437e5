use std::{
    borrow::Cow,
    io::{self, Write},
};

use crate::out::plain;

/// Columns as wide as they need to be, for a page of rows.
pub(super) fn print(head: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let rows: Vec<Vec<Cow<'_, str>>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| plain(cell)).collect())
        .collect();
    let mut widths: Vec<usize> = head.iter().map(|name| name.len()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = io::stdout().lock();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        writeln!(out, "{}", padded.join("  ").trim_end())
    };
    line(&mut head.iter().copied())?;
    for row in &rows {
        line(&mut row.iter().map(AsRef::as_ref))?;
    }
    Ok(())
}

/// A name and a value in each line; what has no value is left out.
pub(super) fn pairs(pairs: &[(&str, String)]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "{name:<width$}  {}", plain(value))?;
    }
    Ok(())
}
