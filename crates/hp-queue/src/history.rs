use std::fmt::Write;

use hp_order::{Cause, Millis, Record, State, Step};

use crate::fields::FieldReader;

/// The most entries: the first ones and the last ones are kept.
const MAX_ENTRIES: usize = 32;
const FIRST_ENTRIES: usize = 8;

/// The history of an order, claim by claim. Its record holds one line for each entry:
///
/// ```text
/// <claim><letter of the state>[ <cause>][ <code>][ : <note>] <time>
/// ```
///
/// A cause that is that of the line before is `=`. The time is in base 36, or in decimal where a script has added it. The
/// lines are short because Redis needs four times the memory for a record with a value of more than 64 bytes. For the same
/// reason an order that its first claim has ended without any doubt has no line: its record says the same.
///
/// Earlier versions wrote `claim state cause code note time`, with `-` for what there is not.
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

    fn read(text: &str) -> Self {
        let mut entries: Vec<HistoryEntry> = Vec::new();
        for line in text.lines() {
            let cause = entries.last().and_then(|last| last.cause);
            entries.extend(read_line(line, cause).or_else(|| read_earlier_line(line)));
        }
        Self(entries)
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
        let mut text = String::with_capacity(self.0.len() * 24);
        let mut cause = None;
        for (index, entry) in self.0.iter().enumerate() {
            entry.write(&mut text, cause);
            cause = entry.cause;
            if index + 1 < self.0.len() {
                text.push(' ');
                write_base_36(&mut text, entry.at.0);
                text.push('\n');
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

    fn write(&self, text: &mut String, cause_before: Option<Cause>) {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{}{}", self.claim, letter(self.state));
        if let Some(cause) = self.cause {
            let is_same = Some(cause) == cause_before;
            let _ = write!(text, " {}", if is_same { "=" } else { cause.as_str() });
        }
        if let Some(code) = self.code {
            let _ = write!(text, " {code}");
        }
        if let Some(note) = &self.note {
            let _ = write!(text, " : {note}");
        }
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

const fn letter(state: State) -> char {
    match state {
        State::Queued => 'q',
        State::Submitting => 's',
        State::Uncertain => 'u',
        State::Waiting => 'w',
        State::Review => 'r',
        State::Completed => 'c',
        State::Failed => 'f',
        State::Rejected => 'j',
        State::Expired => 'e',
    }
}

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

fn write_base_36(text: &mut String, mut number: u64) {
    let mut digits = Vec::with_capacity(13);
    while digits.is_empty() || number > 0 {
        digits.push(DIGITS[(number % 36) as usize]);
        number /= 36;
    }
    text.extend(digits.into_iter().rev().map(char::from));
}

/// Times by the clock have 13 digits in decimal, and 8 in base 36.
fn read_time(text: &str) -> Option<Millis> {
    let radix = if text.len() > 10 { 10 } else { 36 };
    u64::from_str_radix(text, radix).ok().map(Millis)
}

fn read_line(line: &str, cause_before: Option<Cause>) -> Option<HistoryEntry> {
    let (rest, at) = line.rsplit_once(' ')?;
    let (head, note) = match rest.split_once(" : ") {
        Some((head, note)) => (head, Some(note.to_owned())),
        None => (rest, None),
    };
    let mut words = head.split(' ');
    let first = words.next()?;
    let (claim, state) = first.split_at_checked(first.len().checked_sub(1)?)?;
    let state = State::ALL
        .into_iter()
        .find(|known| state.starts_with(letter(*known)))?;
    let mut entry = HistoryEntry {
        at: read_time(at)?,
        claim: claim.parse().ok()?,
        state,
        cause: None,
        code: None,
        note,
    };
    for word in words {
        match word.parse() {
            Ok(code) => entry.code = Some(code),
            Err(_) if word == "=" => entry.cause = cause_before,
            Err(_) => entry.cause = word.parse().ok(),
        }
    }
    Some(entry)
}

/// Reads `claim state cause code note time`.
fn read_earlier_line(line: &str) -> Option<HistoryEntry> {
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
    fn history_of_a_doubt_fits_into_64_bytes() {
        let doubt = |claim| HistoryEntry {
            at: AT,
            claim,
            state: State::Uncertain,
            cause: Some("lost".parse().unwrap()),
            code: None,
            note: None,
        };
        let end = HistoryEntry {
            claim: 4,
            ..plain_end(AT, State::Completed, None)
        };
        let text = History(vec![doubt(1), doubt(2), doubt(3), end]).text();
        let written = format!("{text} 1795918402628");
        assert!(written.len() <= 64, "{written}");
        assert!(written.starts_with("1u lost mx1"), "{written}");
    }

    #[test]
    fn history_of_earlier_versions_is_read() {
        let text =
            "1 uncertain lost - - 1700000000001\n2 review - 400100 by Ada: why not 1700000000002";
        let history = History::read(text);
        let [first, second] = history.entries() else {
            panic!("{history:?}")
        };
        assert_eq!(
            (first.claim, first.state, first.at),
            (1, State::Uncertain, Millis(1_700_000_000_001))
        );
        assert_eq!(first.cause, "lost".parse().ok());
        assert_eq!(
            (second.code, second.note.as_deref()),
            (Some(400_100), Some("by Ada: why not"))
        );
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
