//! Card keys and secrets where they do not belong.

use std::collections::HashSet;

use super::{Found, Promise};
use crate::history::{ClaimSkip, History};

/// Of the sandbox's card keys.
const KEY_LENGTH: usize = 16;

pub(crate) fn search(history: &History, found: &mut Found) {
    let cards = history.charges.iter().flat_map(|charge| &charge.cards);
    let keys: HashSet<&[u8]> = cards.map(|card| card.pin_key.as_bytes()).collect();
    for (name, text) in &history.texts {
        look(text, &keys, &history.secrets, name, found);
    }
    for told in history.told.iter().chain(&history.live) {
        for (field, value) in told.fields.iter().filter(|(field, _)| *field != "pins") {
            let place = || format!("{field} of the result of {}", ClaimSkip::id(told));
            if holds(value, &keys, &history.secrets) {
                look(value, &keys, &history.secrets, &place(), found);
            }
        }
    }
}

fn look(text: &str, keys: &HashSet<&[u8]>, secrets: &[String], place: &str, found: &mut Found) {
    for (n, line) in text.lines().enumerate() {
        if holds(line, keys, secrets) {
            let what = format!("line {} holds a card key or a secret", n + 1);
            found.add(Promise::NeverLeaked, place, what);
        }
    }
}

fn holds(line: &str, keys: &HashSet<&[u8]>, secrets: &[String]) -> bool {
    secrets.iter().any(|secret| line.contains(secret.as_str()))
        || words(line).any(|word| word.windows(KEY_LENGTH).any(|part| keys.contains(part)))
}

/// Runs of the letters and digits that a card key is made of, if long enough to hold one.
fn words(line: &str) -> impl Iterator<Item = &[u8]> {
    line.as_bytes()
        .split(|byte| !(byte.is_ascii_uppercase() || byte.is_ascii_digit()))
        .filter(|word| word.len() >= KEY_LENGTH)
}
