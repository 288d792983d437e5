//! Every word that `orders`, `order`, `status` and the results show, with its meaning and what to do. The matches have no
//! default, so a word without an entry does not compile. `worker reasons` prints the table, and `docs/reasons.md` is its
//! copy.

mod causes;
mod obstacles;
mod print;
mod results;
mod states;
mod status_lines;

use serde::Serialize;

pub(crate) use causes::cause;
pub(crate) use print::{help, markdown, print};
pub(crate) use status_lines::StatusLine;

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
    kind: &'static str,
    word: &'static str,
    meaning: &'static str,
    action: &'static str,
}

/// A part of the table.
pub(crate) struct Part {
    title: &'static str,
    /// Where the words appear.
    place: &'static str,
    reasons: Vec<Reason>,
}

/// Nothing is left to do.
const NOTHING: &str = "Nothing.";

const fn means(meaning: &'static str, action: &'static str) -> Meaning {
    Meaning { meaning, action }
}

impl Part {
    /// `name`: one word, for JSON.
    fn new(
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

/// The whole table.
pub(crate) fn parts() -> Vec<Part> {
    let [statuses, reasons, sources, dead_letters] = results::parts();
    vec![
        states::part(),
        obstacles::part(),
        causes::part(),
        status_lines::part(),
        statuses,
        reasons,
        sources,
        dead_letters,
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{markdown, parts};

    #[test]
    fn every_word_has_meaning_and_action() {
        for part in parts() {
            let mut words = HashSet::new();
            for reason in &part.reasons {
                assert!(words.insert(reason.word), "{} twice", reason.word);
                for text in [reason.meaning, reason.action] {
                    assert!(text.ends_with('.'), "{}: {text}", reason.word);
                }
            }
            assert!(!words.is_empty(), "{}", part.title);
        }
    }

    /// `worker reasons --markdown > docs/reasons.md` brings the page up to date.
    #[test]
    fn page_of_reasons_is_the_table_of_the_code() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reasons.md");
        let page = std::fs::read_to_string(file).unwrap();
        assert!(page == markdown(), "docs/reasons.md is out of date");
    }
}
