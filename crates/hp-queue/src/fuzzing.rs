//! Doors to internal functions for the fuzz targets. Not a part of the interface.

use std::fmt::Write;

use crate::history::{History, HistoryEntry, MAX_ENTRIES};

/// The most entries of a history.
pub const MAX_HISTORY: usize = MAX_ENTRIES;

/// Reads the field of a record.
pub fn read_history(text: &str) -> History {
    History::read(text)
}

/// Writes the field of a record, with the time of the last entry, which a script adds.
pub fn write_history(history: &History) -> String {
    let mut text = history.text();
    if let Some(last) = history.entries().last() {
        // Writing to a `String` cannot fail.
        let _ = write!(text, " {}", last.at.0);
    }
    text
}

/// Adds an entry.
pub fn extend_history(history: &mut History, entry: HistoryEntry) {
    history.push(entry);
}
