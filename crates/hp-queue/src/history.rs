use std::fmt::Write;

use hp_order::{Cause, Millis, Record, State, Step};

use crate::fields::FieldReader;

/// The most entries: the first ones and the last ones are kept.
pub(crate) const MAX_ENTRIES: usize = 32;
const FIRST_ENTRIES: usize = 8;

/// The history of an order, claim by claim. Its record holds one line for each entry, with `-` for what there is not:
///
/// ```text
/// <claim> <state> <cause> <code> <note> <time>
/// ```
///
/// An order that its first claim has ended without any doubt has no line, to save memory: its record says the same.
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

    /// Reads the history of a record. Leaves out lines that are no entry.
    pub(crate) fn of(fields: &FieldReader<'_>, state: State, code: Option<i64>) -> Self {
        let finished_at = fields.parse("finished_at").ok().flatten();
        match (fields.text("history"), finished_at) {
            (Some(text), _) => Self::read(text),
            (None, Some(at)) if state.has_ended() => Self(vec![plain_end(Millis(at), state, code)]),
            (None, _) => Self::default(),
        }
    }

    pub(crate) fn read(text: &str) -> Self {
        Self(text.lines().filter_map(read_line).collect())
    }

    /// Writes the field after a step, or nothing if the record says the same. The script adds the time of the last line: the
    /// time at which it settles.
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
        if history.0[..] == [plain_end(claimed_at, step.state, step.code)] && step.state.has_ended()
        {
            return String::new();
        }
        history.text()
    }

    pub(crate) fn push(&mut self, new: HistoryEntry) {
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

    pub(crate) fn text(&self) -> String {
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

/// What the record of an order says that its first claim has ended.
const fn plain_end(at: Millis, state: State, code: Option<i64>) -> HistoryEntry {
    HistoryEntry {
        at,
        claim: 1,
        state,
        cause: None,
        code,
        note: None,
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

#[cfg(test)]
mod tests {
    use hp_order::{Cause, Millis, State};
    use redis::Value;

    use super::{History, HistoryEntry, plain_end};
    use crate::fields::FieldReader;

    const AT: Millis = Millis(1_795_918_402_628);

    #[test]
    fn history_is_read_as_it_was_written() {
        let causes = [None].into_iter().chain(Cause::all().map(Some));
        let causes: Vec<_> = causes.flat_map(|cause| [cause; 2]).collect();
        let notes = [None, Some("by Ada: - = 7 : why not")];
        for (state, code) in State::ALL
            .into_iter()
            .zip([None, Some(-1), Some(400_100)].into_iter().cycle())
        {
            for note in notes {
                let entries = causes.iter().zip(8..).map(|(cause, claim)| HistoryEntry {
                    at: Millis(AT.0 + claim),
                    claim,
                    state,
                    cause: *cause,
                    code,
                    note: note.map(Into::into),
                });
                let history = History(entries.collect());
                let last = history.0.last().unwrap().at.0;
                assert_eq!(
                    History::read(&format!("{} {last}", history.text())),
                    history
                );
            }
        }
    }

    #[test]
    fn history_of_a_plain_end_follows_from_the_record() {
        let bulk = |text: &str| Value::BulkString(text.into());
        let record = Value::Array(vec![bulk("finished_at"), bulk("1700000000001")]);
        let fields = FieldReader::new(&record);
        let history = History::of(&fields, State::Completed, None);
        let end = plain_end(Millis(1_700_000_000_001), State::Completed, None);
        assert_eq!(history.entries(), [end]);
        assert!(
            History::of(&fields, State::Waiting, None)
                .entries()
                .is_empty()
        );
    }
}
