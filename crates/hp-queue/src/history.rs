use std::fmt::Write;

use hp_order::{Cause, Millis, Record, State, Step};

/// Most transitions that are kept: the first ones and the last ones.
const KEPT: usize = 32;
const FIRST_ONES: usize = 8;

/// What became of an order, claim by claim: kept in its record, as a line each.
///
/// Of many like ones in a row the first and the last are kept. The admission is not among them: every record tells
/// when that was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(Vec<HistoryEntry>);

/// What one claim made of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When, by Redis' clock.
    pub at: Millis,
    /// Under which claim.
    pub claim: u64,
    /// Where it stood then.
    pub state: State,
    /// Why it was in doubt.
    pub cause: Option<Cause>,
    /// HitPoints' code.
    pub code: Option<i64>,
    /// Who did it and why, where it was a person.
    pub note: Option<String>,
}

impl History {
    /// The transitions, the oldest first.
    pub fn transitions(&self) -> &[HistoryEntry] {
        &self.0
    }

    /// Reads a record's field; lines that are none are left out.
    pub(crate) fn read(text: &str) -> Self {
        Self(text.lines().filter_map(read_line).collect())
    }

    /// The field as it is after a step, but for the last line's time, which is the settling's and Redis'.
    pub(crate) fn after(
        &self,
        record: &Record,
        claimed_at: Millis,
        step: &Step,
        note: Option<&str>,
    ) -> String {
        let mut story = self.clone();
        if record.state == State::Uncertain
            && story.0.last().is_none_or(|last| last.cause != record.cause)
        {
            story.push(HistoryEntry {
                at: claimed_at,
                claim: record.claim,
                state: record.state,
                cause: record.cause,
                code: None,
                note: None,
            });
        }
        story.push(HistoryEntry {
            at: claimed_at,
            claim: record.claim,
            state: step.state,
            cause: step.cause,
            code: step.code,
            note: note.map(|note| note.replace(char::is_control, " ")),
        });
        story.text()
    }

    fn push(&mut self, new: HistoryEntry) {
        if let [.., before, last] = &mut self.0[..]
            && before.is_like(&new)
            && last.is_like(&new)
        {
            *last = new;
            return;
        }
        self.0.push(new);
        if self.0.len() > KEPT {
            self.0.remove(FIRST_ONES);
        }
    }

    fn text(&self) -> String {
        let mut text = String::with_capacity(self.0.len() * 40);
        for (index, transition) in self.0.iter().enumerate() {
            transition.write(&mut text);
            if index + 1 < self.0.len() {
                // A text takes every write.
                let _ = writeln!(text, " {}", transition.at.0);
            }
        }
        text
    }
}

impl HistoryEntry {
    fn is_like(&self, other: &Self) -> bool {
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
