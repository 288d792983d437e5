//! Lines that fit the terminal.

use std::borrow::Cow;

use textwrap::{Options, WordSplitter, wrap};
use unicode_width::UnicodeWidthStr;

/// No text is wrapped to fewer columns than this.
pub(crate) const NARROWEST: usize = 20;

/// Splits a text into lines of `width` columns. `None`: one line, whatever its length.
pub(crate) fn lines(text: &str, width: Option<usize>) -> Vec<Cow<'_, str>> {
    let Some(width) = width.filter(|width| text.width() > *width) else {
        return vec![text.into()];
    };
    let options = Options::new(width.max(NARROWEST)).word_splitter(WordSplitter::NoHyphenation);
    wrap(text, options)
}

/// Prints `start`, and after it a text. The lines that follow the first one are indented as far as `start` is wide.
pub(crate) fn hanging(start: &str, start_width: usize, text: &str, width: Option<usize>) -> String {
    let room = width.map(|width| width.saturating_sub(start_width).max(NARROWEST));
    let indent = format!("\n{}", " ".repeat(start_width));
    format!("{start}{}", lines(text, room).join(&indent))
}
