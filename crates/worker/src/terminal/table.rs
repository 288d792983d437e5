use std::{
    borrow::Cow,
    io::{self, Write},
};

use unicode_width::UnicodeWidthStr;

use super::{
    escape_control,
    stdout::stdout,
    style::{self, Tone},
    wrap,
};

const GAP: &str = "  ";
/// Indents the last cell of a row if it has a line of its own.
const INDENT: &str = "    ";
/// The last column shares the line with the others if it gets so many columns of the terminal.
const ROOM: usize = 28;

/// A table whose columns grow with the widest cell that was printed. Its last column is wrapped to fit the terminal.
pub(crate) struct Table {
    head: Vec<&'static str>,
    widths: Vec<usize>,
    has_head: bool,
    /// The column whose cells are states.
    state_column: Option<usize>,
    terminal: Option<usize>,
}

/// Where the last cell of each row stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LastCell {
    InLine,
    Below { room: usize },
}

impl Table {
    pub(crate) fn new(head: &[&'static str]) -> Self {
        Self::with_width(head, style::width())
    }

    fn with_width(head: &[&'static str], terminal: Option<usize>) -> Self {
        Self {
            head: head.to_vec(),
            widths: head.iter().map(|name| name.width()).collect(),
            has_head: false,
            state_column: head.iter().position(|name| *name == "state"),
            terminal,
        }
    }

    /// Prints rows, and the head before the first ones.
    pub(crate) fn print(&mut self, rows: &[Vec<String>]) -> io::Result<()> {
        stdout().write_all(self.render(rows).as_bytes())
    }

    /// Prints rows, or this text if there are none.
    pub(crate) fn print_or(&mut self, rows: &[Vec<String>], nothing: &str) -> io::Result<()> {
        if rows.is_empty() {
            return writeln!(stdout(), "{nothing}");
        }
        self.print(rows)
    }

    fn render(&mut self, rows: &[Vec<String>]) -> String {
        let rows: Vec<Vec<Cow<'_, str>>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| escape_control(cell)).collect())
            .collect();
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let (mut text, last) = (String::new(), self.last_cell());
        if !self.has_head {
            self.has_head = true;
            let head: Vec<_> = self.head.iter().map(|name| (*name).into()).collect();
            self.add_row(&mut text, &head, last);
        }
        for row in &rows {
            self.add_row(&mut text, row, last);
        }
        text
    }

    fn last_cell(&self) -> LastCell {
        let Some(terminal) = self.terminal else {
            return LastCell::InLine;
        };
        let room = terminal.saturating_sub(self.fixed_width());
        let last = self.widths.last().copied().unwrap_or(0);
        if last <= room || room >= ROOM {
            LastCell::InLine
        } else {
            let room = terminal.saturating_sub(INDENT.len());
            LastCell::Below { room }
        }
    }

    /// The width of all columns but the last one, gaps included.
    fn fixed_width(&self) -> usize {
        let columns = self.widths.len().saturating_sub(1);
        self.widths[..columns].iter().sum::<usize>() + columns * GAP.len()
    }

    fn add_row(&self, text: &mut String, row: &[Cow<'_, str>], last: LastCell) {
        let Some((last_cell, cells)) = row.split_last() else {
            return;
        };
        match last {
            LastCell::InLine => {
                let line = self.line(cells, None);
                let line = wrap::hanging(&line, self.fixed_width(), last_cell, self.terminal);
                text.push_str(line.trim_end());
            }
            LastCell::Below { room } => {
                text.push_str(self.line(cells, self.terminal).trim_end());
                for part in wrap::lines(last_cell, Some(room)) {
                    if !part.is_empty() {
                        text.extend(["\n", INDENT, &part]);
                    }
                }
            }
        }
        text.push('\n');
    }

    /// All cells but the last one, on further lines if they do not fit.
    fn line(&self, cells: &[Cow<'_, str>], terminal: Option<usize>) -> String {
        let (mut line, mut column_at) = (String::new(), 0);
        for (column, (cell, width)) in cells.iter().zip(&self.widths).enumerate() {
            let does_not_fit = terminal.is_some_and(|terminal| column_at + width > terminal);
            if does_not_fit && column > 0 {
                line.truncate(line.trim_end().len());
                line.extend(["\n", INDENT]);
                column_at = INDENT.len();
            }
            line.extend([&self.padded(column, cell, *width), GAP]);
            column_at += width + GAP.len();
        }
        line
    }

    fn padded(&self, column: usize, cell: &str, width: usize) -> String {
        let padding = " ".repeat(width.saturating_sub(cell.width()));
        let tone = match self.state_column {
            Some(state) if state == column => Tone::of_state(cell),
            _ => Tone::Plain,
        };
        tone.paint(cell) + &padding
    }
}

/// Prints a name and a value in each line. Leaves out empty values, and wraps the others to fit the terminal.
pub(crate) fn print_pairs(pairs: &[(&str, String)]) -> io::Result<()> {
    let mut out = stdout();
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        let start = format!("{name:<width$}{GAP}");
        let value = escape_control(value);
        let line = if *name == "state" {
            start + &Tone::of_state(&value).paint(&value)
        } else {
            wrap::hanging(&start, start.len(), &value, style::width())
        };
        writeln!(out, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Table;

    const HEAD: [&str; 3] = ["order", "state", "why"];
    const WHY: &str = "HitPoints is unreachable; lost: no answer within 2s";

    fn render(terminal: Option<usize>, id: &str) -> String {
        let row = vec![id.into(), "waiting".into(), WHY.into()];
        Table::with_width(&HEAD, terminal).render(&[row])
    }

    #[test]
    fn table_is_whole_where_nothing_limits_it() {
        for terminal in [None, Some(200)] {
            let text = render(terminal, "A-1");
            assert_eq!(
                text.lines().nth(1).unwrap(),
                format!("A-1    waiting  {WHY}")
            );
        }
    }

    #[test]
    fn last_column_is_wrapped_at_words() {
        let text = render(Some(50), "A-1");
        assert_eq!(
            text,
            "order  state    why\n\
             A-1    waiting  HitPoints is unreachable; lost: no\n                \
             answer within 2s\n"
        );
    }

    #[test]
    fn columns_continue_below_where_they_do_not_fit() {
        let head = ["order", "state", "age", "why"];
        let row = vec![
            "x".repeat(30),
            "waiting".into(),
            "2days 2h".into(),
            WHY.into(),
        ];
        let text = Table::with_width(&head, Some(40)).render(&[row]);
        assert!(
            text.contains("  waiting\n    2days 2h\n    HitPoints is"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.len() <= 40), "{text}");
    }

    #[test]
    fn last_column_is_below_where_no_room_is_left() {
        let text = render(Some(60), "an-order-id-of-thirty-characters");
        assert!(
            text.contains("waiting\n    HitPoints is unreachable; lost: no answer within 2s\n"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.len() <= 60), "{text}");
    }
}
