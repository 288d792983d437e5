use std::fmt::Write;

use hp_order::{Cause, Millis, Record, State, Step};

/// The most entries: the first ones and the last ones are kept.
const MAX_ENTRIES: usize = 32;
const FIRST_ENTRIES: usize = 8;

/// The history of an order, claim by claim. Its record holds one line for each entry.
///
/// The history keeps the first and the last of several equal entries in a row. The admission is no entry: the record says
/// when it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(Vec<HistoryEntry>);

/// The effect of one claim on an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When it was settled, by Redis' clock.
    pub at: Millis,
    /// The claim.
    pub claim: u64,
    /// The state after it.
    pub state: State,
    /// Why the order was in doubt.
    pub cause: Option<Cause>,
    /// HitPoints' response code.
    pub code: Option<i64>,
    /// Who did it and why, if an operator did.
    pub note: Option<String>,
}

impl History {
    /// Returns the entries, oldest first.
    pub fn entries(&self) -> &[HistoryEntry] {
        &self.0
    }

    /// Reads the field of a record. Leaves out lines that are no entry.
    pub(crate) fn read(text: &str) -> Self {
        Self(text.lines().filter_map(read_line).collect())
    }

    /// Writes the field after a step. The script adds the time of the last line: the time at which it settles.
    pub(crate) fn after(
        &self,
        record: &Record,
        claimed_at: Millis,
        step: &Step,
        note: Option<&str>,
    ) -> String {
        let mut history = self.clone();
        if record.state == State::Uncertain
            && history
                .0
                .last()
                .is_none_or(|last| last.cause != record.cause)
        {
            history.push(HistoryEntry {
                at: claimed_at,
                claim: record.claim,
                state: record.state,
                cause: record.cause,
                code: None,
                note: None,
            });
        }
        history.push(HistoryEntry {
            at: claimed_at,
            claim: record.claim,
            state: step.state,
            cause: step.cause,
            code: step.code,
            note: note.map(|note| note.replace(char::is_control, " ")),
        });
        history.text()
    }

    fn push(&mut self, new: HistoryEntry) {
        if let [.., before, last] = &mut self.0[..]
            && before.is_equal_to(&new)
            && last.is_equal_to(&new)
        {
            *last = new;
            return;
        }
        self.0.push(new);
        if self.0.len() > MAX_ENTRIES {
            self.0.remove(FIRST_ENTRIES);
        }
    }

    fn text(&self) -> String {
        let mut text = String::with_capacity(self.0.len() * 40);
        for (index, entry) in self.0.iter().enumerate() {
            entry.write(&mut text);
            if index + 1 < self.0.len() {
                // Writing to a `String` cannot fail.
                let _ = writeln!(text, " {}", entry.at.0);
            }
        }
        text
    }
}

impl HistoryEntry {
    fn is_equal_to(&self, other: &Self) -> bool {
        (self.state, self.cause, self.code) == (other.state, other.cause, other.code)
            && self.note == other.note
    }

    fn write(&self, text: &mut String) {
        let cause = self.cause.map_or("-", |cause| cause.as_str());
        let code = self
            .code
            .map_or_else(|| "-".into(), |code| code.to_string());
        let note = self.note.as_deref().unwrap_or("-");
        let _ = write!(text, "{} {} {cause} {code} {note}", self.claim, self.state);
    }
}

fn read_line(line: &str) -> Option<HistoryEntry> {
    let (rest, at) = line.rsplit_once(' ')?;
    let mut words = rest.splitn(5, ' ');
    let claim = words.next()?.parse().ok()?;
    let state = words.next()?.parse().ok()?;
    let said = |word: &&str| *word != "-";
    Some(HistoryEntry {
        at: Millis(at.parse().ok()?),
        claim,
        state,
        cause: words.next().filter(said).and_then(|word| word.parse().ok()),
        code: words.next().filter(said).and_then(|word| word.parse().ok()),
        note: words.next().filter(said).map(Into::into),
    })
}
