use std::fmt::Write;

use super::{
    part::{Part, Reason},
    table::parts,
};
use crate::terminal::{
    CommandResult, errln, outln,
    style::{self, Tone},
    wrap,
};

/// Prints the table, or the entries of one word. Returns `false` if there is no such word.
pub(crate) fn print(word: Option<&str>, as_json: bool) -> CommandResult {
    let mut found = false;
    for part in parts() {
        let is_wanted = |reason: &&Reason| word.is_none_or(|word| word == reason.word);
        let reasons: Vec<_> = part.reasons.iter().filter(is_wanted).collect();
        if reasons.is_empty() {
            continue;
        }
        if as_json {
            for reason in reasons {
                outln!("{}", serde_json::to_string(reason)?)?;
            }
        } else {
            let gap = if found { "\n" } else { "" };
            let text = text(&part, &reasons, style::width(), Tone::paint);
            outln!("{gap}{text}")?;
        }
        found = true;
    }
    if let Some(word) = word.filter(|_| !found) {
        errln!("worker: no command shows the word `{word}`. `worker reasons` lists all words");
    }
    Ok(found)
}

/// The table as a part of the help.
pub(crate) fn help() -> String {
    let parts = parts();
    let texts = parts.iter().map(|part| {
        let reasons: Vec<_> = part.reasons.iter().collect();
        // clap wraps it to the width of the terminal, and a manual page has no colours.
        text(part, &reasons, None, |_, text| text.into())
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

fn text(
    part: &Part,
    reasons: &[&Reason],
    width: Option<usize>,
    paint: fn(Tone, &str) -> String,
) -> String {
    let mut text = paint(Tone::Notice, part.title);
    for reason in reasons {
        let word = paint(Tone::Good, reason.word);
        let meaning = wrap::hanging("      ", 6, reason.meaning, width);
        let action = wrap::hanging("      -> ", 9, reason.action, width);
        // Writing to a `String` cannot fail.
        let _ = write!(text, "\n  {word}\n{meaning}\n{action}");
    }
    text
}

/// The page `docs/reasons.md`.
pub(crate) fn markdown() -> String {
    let mut page = String::from(HEAD);
    for part in parts() {
        let _ = write!(
            page,
            "\n## {}\n\n{}\n\n| word | meaning | what to do |\n| --- | --- | --- |\n",
            part.title, part.place
        );
        for Reason {
            word,
            meaning,
            action,
            ..
        } in &part.reasons
        {
            let _ = writeln!(page, "| `{word}` | {meaning} | {action} |");
        }
    }
    page
}

const HEAD: &str = "# Reasons

Every word that `worker orders`, `worker order`, `worker status` and the results show, with its meaning and what to do.
`worker reasons` prints this table, and `worker reasons WORD` one word. The page is made by
`worker reasons --markdown`; a test compares the two.
";

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
