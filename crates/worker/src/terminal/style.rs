//! Colours, and the width of the terminal. A command that writes to no terminal, or with `NO_COLOR` set, prints no colours.

use console::{Style, Term};
use hp_order::State;

/// How a text is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// Worth a look.
    Notice,
    /// Needs an operator.
    Bad,
    /// Ended, and not charged.
    Ended,
    /// Neither good nor bad.
    Plain,
}

impl Tone {
    /// Returns the text in the colour of this tone.
    pub(crate) fn paint(self, text: &str) -> String {
        let style = match self {
            Self::Good => Style::new().green(),
            Self::Notice => Style::new().yellow(),
            Self::Bad => Style::new().red().bold(),
            Self::Ended => Style::new().magenta(),
            Self::Plain => return text.into(),
        };
        style.apply_to(text).to_string()
    }

    /// The tone of a word that may name the state of an order.
    pub(crate) fn of_state(word: &str) -> Self {
        match word.parse() {
            Ok(State::Completed) => Self::Good,
            Ok(State::Uncertain | State::Waiting) => Self::Notice,
            Ok(State::Review) => Self::Bad,
            Ok(State::Failed | State::Rejected | State::Expired) => Self::Ended,
            Ok(State::Queued | State::Submitting) | Err(_) => Self::Plain,
        }
    }
}

/// The columns of the terminal. `None`: the output goes elsewhere, and nothing is wrapped.
pub(crate) fn width() -> Option<usize> {
    let (_, columns) = Term::stdout().size_checked()?;
    Some(columns.into())
}
