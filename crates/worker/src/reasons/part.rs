use serde::Serialize;

/// The meaning of a word, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) meaning: &'static str,
    pub(crate) action: &'static str,
}

/// A word of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reason {
    /// The part of the table.
    pub(super) kind: &'static str,
    pub(super) word: &'static str,
    pub(super) meaning: &'static str,
    pub(super) action: &'static str,
}

/// A part of the table.
pub(crate) struct Part {
    pub(super) title: &'static str,
    /// Where the words appear.
    pub(super) place: &'static str,
    pub(super) reasons: Vec<Reason>,
}

/// Nothing is left to do.
pub(super) const NOTHING: &str = "Nothing.";

pub(super) const fn means(meaning: &'static str, action: &'static str) -> Meaning {
    Meaning { meaning, action }
}

impl Part {
    /// `name`: one word, for JSON.
    pub(super) fn new(
        name: &'static str,
        title: &'static str,
        place: &'static str,
        entries: impl IntoIterator<Item = (&'static str, Meaning)>,
    ) -> Self {
        let reasons = entries.into_iter().map(|(word, meaning)| Reason {
            kind: name,
            word,
            meaning: meaning.meaning,
            action: meaning.action,
        });
        Self {
            title,
            place,
            reasons: reasons.collect(),
        }
    }
}
