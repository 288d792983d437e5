use e2e::figures::Layout;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) is_quick: bool,
}

impl Effort {
    /// The value for a full run, or that for a quick one.
    pub(crate) fn pick<T>(self, full: T, quick: T) -> T {
        if self.is_quick { quick } else { full }
    }

    /// The number of rounds.
    pub(crate) fn rounds(self) -> usize {
        self.pick(5, 2)
    }
}

pub(crate) struct Options {
    pub(crate) effort: Effort,
    pub(crate) layout: Layout,
    parts: Vec<String>,
    /// The command, for the reader of the table.
    pub(crate) command: String,
}

impl Options {
    pub(crate) fn parse(
        arguments: impl Iterator<Item = String>,
        parts: &[&str],
    ) -> Result<Self, String> {
        let mut options = Self {
            effort: Effort { is_quick: false },
            layout: Layout::Text(width()),
            parts: Vec::new(),
            command: "just bench".into(),
        };
        for argument in arguments {
            match argument.as_str() {
                "--quick" => options.effort.is_quick = true,
                "--markdown" => options.layout = Layout::Markdown,
                name if parts.contains(&name) => options.parts.push(argument.clone()),
                _ => return Err(format!("{argument} is no option and no part.")),
            }
            if argument != "--markdown" {
                options.command.extend([" ", &argument]);
            }
        }
        Ok(options)
    }

    pub(crate) fn selects(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|name| name == part)
    }
}

/// The width of the terminal, if the shell exports it.
fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok();
    columns.and_then(|text| text.parse().ok()).unwrap_or(100)
}
