//! The output of commands, and the escaping of text from outside.

pub(crate) mod format;
pub(crate) mod lossy_writer;
pub(crate) mod shell;
pub(crate) mod stderr;
pub(crate) mod stdout;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod wrap;

use std::{borrow::Cow, error::Error};

pub(crate) use stderr::errln;
pub(crate) use stdout::outln;

/// Why a command failed.
pub(crate) type CommandError = Box<dyn Error>;

/// Why a worker must not run: its Redis or its settings endanger orders.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

/// `true` if the command succeeded completely, `false` if a part of it did not.
pub(crate) type CommandResult = Result<bool, CommandError>;

/// Escapes control characters in text from outside, because they could hide or change what a terminal shows.
pub(crate) fn escape_control(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unsafe) {
        return text.into();
    }
    let escape = |c: char| {
        if is_unsafe(c) {
            c.escape_default().to_string()
        } else {
            c.into()
        }
    };
    text.chars().map(escape).collect::<String>().into()
}

/// Escapes control characters, but keeps line ends.
pub(crate) fn escape_control_lines(text: &str) -> String {
    text.lines()
        .map(escape_control)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Control characters, and those that change the direction of the text after them.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::escape_control;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(
            escape_control("balance too low, 余额不足"),
            "balance too low, 余额不足"
        );
        assert_eq!(escape_control("a\x1b[2Jb\r\nc"), "a\\u{1b}[2Jb\\r\\nc");
        assert_eq!(escape_control("\u{202e}dna"), "\\u{202e}dna");
    }
}
