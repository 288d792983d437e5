use super::{Goal, Samples, figure};

/// One figure of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was measured, with its unit.
    pub what: String,
    /// What the median should be.
    pub goal: Goal,
    /// The values of the rounds.
    pub samples: Samples,
}

impl Row {
    /// A figure with a goal.
    pub fn new(what: impl Into<String>, goal: Goal, samples: Samples) -> Self {
        let what = what.into();
        Self {
            what,
            goal,
            samples,
        }
    }

    /// A figure that explains another one.
    pub fn note(what: impl Into<String>, samples: Samples) -> Self {
        Self::new(what, Goal::None, samples)
    }

    fn cells(&self) -> [String; 5] {
        [
            self.goal.text(),
            figure(self.samples.min()),
            figure(self.samples.median()),
            figure(self.samples.max()),
            self.goal.verdict(&self.samples).into(),
        ]
    }
}

/// How a table is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Aligned columns, at most so many characters wide: from 80 to 120.
    Text(usize),
    /// A table of Markdown.
    Markdown,
}

const HEADS: [&str; 5] = ["goal", "min", "median", "max", "met"];
/// The widths of the columns after the first one, and two blanks before each.
const WIDTHS: [usize; 5] = [11, 9, 9, 9, 4];
const BLANKS: usize = 2;

/// Prints rows one by one, so that a reader sees each as soon as it is measured.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    layout: Layout,
}

impl Table {
    /// A table of this layout.
    pub fn new(layout: Layout) -> Self {
        let layout = match layout {
            Layout::Text(width) => Layout::Text(width.clamp(80, 120)),
            Layout::Markdown => layout,
        };
        Self { layout }
    }

    /// The lines above the rows.
    pub fn head(&self) -> String {
        let heads = HEADS.map(str::to_owned);
        match self.layout {
            Layout::Text(width) => {
                let line = aligned("measure", &heads, width);
                let rule = "-".repeat(line.trim_end().chars().count());
                format!("{line}\n{rule}")
            }
            Layout::Markdown => format!(
                "{}\n| --- | ---: | ---: | ---: | ---: | --- |",
                piped("measure", &heads)
            ),
        }
    }

    /// The lines of one row.
    pub fn row(&self, row: &Row) -> String {
        match self.layout {
            Layout::Text(width) => aligned(&row.what, &row.cells(), width),
            Layout::Markdown => piped(&row.what, &row.cells()),
        }
    }
}

fn aligned(what: &str, cells: &[String; 5], width: usize) -> String {
    let taken: usize = WIDTHS.iter().map(|width| width + BLANKS).sum();
    let first = width - taken;
    let mut lines = wrapped(what, first);
    let name = lines.pop().unwrap_or_default();
    let [goal, min, median, max, met] = cells;
    let [w0, w1, w2, w3, _] = WIDTHS;
    let line = format!("{name:<first$}  {goal:>w0$}  {min:>w1$}  {median:>w2$}  {max:>w3$}  {met}");
    lines.push(line.trim_end().into());
    lines.join("\n")
}

/// Breaks a text between words into lines of at most `width` characters. Further lines are indented.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            *line += " ";
            *line += word;
        } else {
            lines.push(format!("  {word}"));
        }
    }
    lines
}

fn piped(what: &str, cells: &[String; 5]) -> String {
    format!("| {what} | {} |", cells.join(" | "))
}
