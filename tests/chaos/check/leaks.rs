//! Searches logs and ledger for card keys and secrets.

use std::collections::HashSet;

use super::{Promise, Violations};
use crate::history::{History, PublishedResult};

/// The length of the sandbox's card keys.
const KEY_LENGTH: usize = 16;

pub(crate) fn search(history: &History, violations: &mut Violations) {
    let cards = history.charges.iter().flat_map(|charge| &charge.cards);
    let keys: HashSet<&[u8]> = cards.map(|card| card.pin_key.as_bytes()).collect();
    for (name, text) in &history.texts {
        look(text, &keys, &history.secrets, name, violations);
    }
    for published in history.published.iter().chain(&history.consumed) {
        for (field, value) in published
            .fields
            .iter()
            .filter(|(field, _)| *field != "pins")
        {
            let place = || {
                format!(
                    "{field} of the result of {}",
                    PublishedResult::id(published)
                )
            };
            if holds(value, &keys, &history.secrets) {
                look(value, &keys, &history.secrets, &place(), violations);
            }
        }
    }
}

fn look(
    text: &str,
    keys: &HashSet<&[u8]>,
    secrets: &[String],
    place: &str,
    violations: &mut Violations,
) {
    for (n, line) in text.lines().enumerate() {
        if holds(line, keys, secrets) {
            let what = format!("line {} contains a card key or a secret", n + 1);
            violations.add(Promise::NeverLeaked, place, what);
        }
    }
}

fn holds(line: &str, keys: &HashSet<&[u8]>, secrets: &[String]) -> bool {
    secrets.iter().any(|secret| line.contains(secret.as_str()))
        || words(line).any(|word| word.windows(KEY_LENGTH).any(|part| keys.contains(part)))
}

/// Sequences of the letters and digits of card keys that are long enough for a key.
fn words(line: &str) -> impl Iterator<Item = &[u8]> {
    line.as_bytes()
        .split(|byte| !(byte.is_ascii_uppercase() || byte.is_ascii_digit()))
        .filter(|word| word.len() >= KEY_LENGTH)
}
