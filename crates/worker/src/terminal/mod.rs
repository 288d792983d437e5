//! Standard output, and what of other people's texts may go there.

use std::{borrow::Cow, error::Error, io};

/// Prints a line. A reader that has gone away, as `head` does, is an error to pass on, where `println!` would panic.
macro_rules! outln {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout().lock(), $($words)*)
    }};
}
pub(crate) use outln;

/// Whether what ended a command is only that nobody reads its output any more.
pub(crate) fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let of_io = error.downcast_ref().map(io::Error::kind);
    let of_json = || {
        error
            .downcast_ref()
            .and_then(serde_json::Error::io_error_kind)
    };
    of_io.or_else(of_json) == Some(io::ErrorKind::BrokenPipe)
}

/// Text of others as it may be shown: control characters, which can make a terminal lie, are spelt out.
pub(crate) fn escape_control(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return text.into();
    }
    let spelt = |c: char| {
        if is_hidden(c) {
            c.escape_default().to_string()
        } else {
            c.into()
        }
    };
    text.chars().map(spelt).collect::<String>().into()
}

/// The same, but that it may have several lines.
pub(crate) fn escape_control_lines(text: &str) -> String {
    text.lines()
        .map(escape_control)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Control characters, and those that turn the direction of what follows.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::escape_control;

    #[test]
    fn what_could_make_a_terminal_lie_is_spelt_out() {
        assert_eq!(
            escape_control("balance too low, 余额不足"),
            "balance too low, 余额不足"
        );
        assert_eq!(escape_control("a\x1b[2Jb\r\nc"), "a\\u{1b}[2Jb\\r\\nc");
        assert_eq!(escape_control("\u{202e}dna"), "\\u{202e}dna");
    }
}
