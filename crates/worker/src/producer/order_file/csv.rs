//! Splits CSV (RFC 4180, with any separator) line by line. A cell with a line break is refused: after an unclosed quote, the lines that follow
//! would be taken for its text.

/// Why a line cannot be split.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Only this line is at fault.
    Line(String),
    /// A quote is not closed: what follows may be text and no orders.
    OpenQuote(String),
}

/// Splits a line into its cells, without their quotes.
pub(super) fn split(line: &str, separator: char) -> Result<Vec<String>, Unreadable> {
    let (mut cells, mut rest) = (Vec::new(), line);
    loop {
        let column = cells.len() + 1;
        let (cell, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted, separator, column)?,
            None => plain_cell(rest, separator, column)?,
        };
        cells.push(cell);
        match after.strip_prefix(separator) {
            Some(next) => rest = next,
            None => return Ok(cells),
        }
    }
}

fn plain_cell(text: &str, separator: char, column: usize) -> Result<(String, &str), Unreadable> {
    if trim_spaces(text, separator).starts_with('"') {
        let why = format!("column {column} has a space before its quote: remove the space");
        return Err(Unreadable::Line(why));
    }
    let end = text.find(separator).unwrap_or(text.len());
    Ok((text[..end].into(), &text[end..]))
}

/// Removes spaces at the start. A tab may be the separator.
fn trim_spaces(text: &str, separator: char) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() && c != separator)
}

/// Reads a cell after its opening quote. A doubled quote stands for one.
fn quoted_cell(text: &str, separator: char, column: usize) -> Result<(String, &str), Unreadable> {
    let (mut cell, mut rest) = (String::new(), text);
    while let Some((part, after)) = rest.split_once('"') {
        cell.push_str(part);
        if let Some(more) = after.strip_prefix('"') {
            cell.push('"');
            rest = more;
            continue;
        }
        let after = trim_spaces(after, separator);
        if after.is_empty() || after.starts_with(separator) {
            return Ok((cell, after));
        }
        let why = format!(
            "column {column} has text after its closing quote: write a quote in a cell twice"
        );
        return Err(Unreadable::Line(why));
    }
    Err(Unreadable::OpenQuote(format!(
        "the quote in column {column} is not closed on this line. A cell cannot contain a line break"
    )))
}
