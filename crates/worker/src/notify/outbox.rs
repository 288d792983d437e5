//! Which events go into the next message, and when. Pure: time and jitter are arguments.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use hp_queue::{EventPage, NotifierFailure, NotifierProgress, Takeover};

use super::{
    backoff,
    budget::{Budget, HANDFUL},
    delivery::{Batch, Failed, Failure, FailureScope, Next, Now},
    pending::{Pending, entry_key},
};

/// How long an event is tried after its first failure.
const PATIENCE: Duration = Duration::from_hours(24);
/// The most events in memory.
const WINDOW: usize = 1000;
/// The most events that a refused message may hold up. Beyond it, the oldest refused events are given up.
const MOST_REFUSED: usize = 500;
/// After so many failures in a row, another message shows whether only this one fails.
const SECOND_OPINION_AFTER: u32 = 3;

/// The events that are not delivered yet.
pub(super) struct Outbox {
    /// Oldest first.
    pending: Vec<Pending>,
    progress: NotifierProgress,
    /// The last entry that was read, and its place.
    read: (String, u64),
    budgets: HashMap<String, Budget>,
    /// Failures of the receiver in a row.
    tries: u32,
    not_before: Duration,
    /// The entries of the message that has failed just now, while another one is to be tried.
    doubted: Option<HashSet<String>>,
    /// The last number in the queue for second opinions.
    last_turn: u64,
    /// Deliveries have failed, perhaps those of another process, and none has shown that this is over.
    is_failing: bool,
    /// This process has said that deliveries fail.
    is_reported: bool,
}

impl Outbox {
    /// Continues where another process stopped.
    pub(super) fn new(takeover: Takeover) -> Self {
        let mut progress = takeover.progress;
        progress.undelivered += takeover.gone;
        let waiting = takeover.waiting.into_iter();
        Self {
            pending: waiting.map(|one| Pending::new(one, 0)).collect(),
            is_failing: progress.failure.is_some(),
            read: (progress.cursor.clone(), progress.place),
            progress,
            budgets: HashMap::new(),
            tries: 0,
            not_before: Duration::ZERO,
            doubted: None,
            last_turn: 0,
            is_reported: false,
        }
    }

    /// The entry after which to read, and its place.
    pub(super) fn read_from(&self) -> (&str, u64) {
        (&self.read.0, self.read.1)
    }

    /// How many more events fit.
    pub(super) fn room(&self) -> usize {
        WINDOW.saturating_sub(self.pending.len())
    }

    /// Adds what was read. Returns `true` if the progress has changed.
    pub(super) fn add(&mut self, page: EventPage) -> bool {
        if page.lost > 0 {
            // From here on, what is in memory counts as waiting, and what is gone as given up.
            let first = page.events.first();
            let place = first.map_or(self.read.1 + page.lost, |first| first.place - 1);
            (self.progress.cursor, self.progress.place) = (self.read.0.clone(), place);
            self.progress.undelivered += page.lost;
        }
        if let Some(last) = page.last {
            // Somebody has deleted the stream, and its successor counts from the start.
            if entry_key(&last.0) < entry_key(&self.read.0) {
                (self.progress.cursor, self.progress.place) = ("0-0".into(), 0);
            }
            self.read = last;
        }
        self.last_turn += 1;
        let new = page.events.into_iter();
        let new = new.map(|one| Pending::new(one, self.last_turn));
        self.pending.extend(new);
        self.pass_read() || page.lost > 0
    }

    /// Moves the cursor to what was read if no event on the way there waits. The stream can have entries that are no events.
    fn pass_read(&mut self) -> bool {
        let cursor = entry_key(&self.progress.cursor);
        let is_behind = cursor < entry_key(&self.read.0);
        let passes = is_behind && self.pending.iter().all(|one| one.key() <= cursor);
        if passes {
            (self.progress.cursor, self.progress.place) = self.read.clone();
        }
        passes
    }

    /// What to store in Redis.
    pub(super) fn progress(&self) -> NotifierProgress {
        let cursor = entry_key(&self.progress.cursor);
        let waiting = self.pending.iter().filter(|one| one.key() <= cursor);
        NotifierProgress {
            waiting: waiting.map(|one| one.event.entry.clone()).collect(),
            ..self.progress.clone()
        }
    }

    /// The next message, or how long to wait for it.
    pub(super) fn next(&mut self, now: Now) -> Next {
        let doubted = self.doubted.take();
        if doubted.is_none() && now.steady < self.not_before {
            return Next::Wait(self.not_before.saturating_sub(now.steady));
        }
        let is_second_opinion = doubted.is_some();
        let (chosen, wait) = match doubted {
            Some(doubted) => (
                self.choose_other(now, &doubted),
                self.not_before.saturating_sub(now.steady),
            ),
            None => self.choose(now),
        };
        if chosen.is_empty() {
            return Next::Wait(wait);
        }
        let events = chosen.iter().map(|at| self.pending[*at].event.clone());
        Next::Send(Batch {
            events: events.collect(),
            is_second_opinion,
        })
    }

    /// The place of the event that shows whether the receiver fails with this message only: the one that was not tried for
    /// the longest time. So each event has its turn, however many of them fail.
    fn choose_other(&self, now: Now, doubted: &HashSet<String>) -> Vec<usize> {
        let mut subjects = HashSet::new();
        let first_ones = self.pending.iter().enumerate();
        let first_ones = first_ones.filter(|(_, one)| subjects.insert(one.subject()));
        let free = first_ones.filter(|(_, one)| {
            let is_same = doubted.len() == 1 && doubted.contains(&one.event.entry);
            !is_same && self.delay(one, now).is_zero()
        });
        let other = free.min_by_key(|(_, one)| one.turn);
        other.map(|(at, _)| at).into_iter().collect()
    }

    /// The time until this event may be sent, if no other one is in its way.
    fn delay(&self, one: &Pending, now: Now) -> Duration {
        let free_at = self.budget(one.group()).free_at(now.steady);
        one.not_before.max(free_at).saturating_sub(now.steady)
    }

    /// The places of the events for the next message, or how long to wait. An event waits for the earlier ones of its subject.
    fn choose(&self, now: Now) -> (Vec<usize>, Duration) {
        let (mut blocked, mut wait) = (HashSet::new(), PATIENCE);
        for (at, one) in self.pending.iter().enumerate() {
            if blocked.contains(one.subject()) {
                continue;
            }
            let delay = self.delay(one, now);
            if delay.is_zero() {
                return (self.gather(at, now, blocked), Duration::ZERO);
            }
            wait = wait.min(delay);
            blocked.insert(one.subject());
        }
        (Vec::new(), wait)
    }

    /// Gathers all events that may go into one message with this one. Returns it alone if there are only a few.
    fn gather<'a>(&'a self, first: usize, now: Now, mut blocked: HashSet<&'a str>) -> Vec<usize> {
        let (group, mut most) = (self.pending[first].group(), usize::MAX);
        let mut chosen = Vec::new();
        for (at, one) in self.pending.iter().enumerate().skip(first) {
            let fits = one.group() == group
                && one.not_before <= now.steady
                && chosen.len() < most.min(one.most);
            if fits && !blocked.contains(one.subject()) {
                most = most.min(one.most);
                chosen.push(at);
            } else {
                blocked.insert(one.subject());
            }
        }
        let free = self.budget(group).free(now.steady);
        if chosen.len() <= HANDFUL.min(free) {
            chosen.truncate(1);
        }
        chosen
    }

    fn budget(&self, group: &str) -> Budget {
        self.budgets.get(group).copied().unwrap_or_default()
    }

    fn spend(&mut self, batch: &Batch, now: Now) {
        self.budgets.retain(|_, budget| !budget.is_full(now.steady));
        let group = self.find(batch).next().map(|one| one.group().to_owned());
        if let Some(group) = group {
            self.budgets.entry(group).or_default().spend(now.steady);
        }
    }

    fn find<'a>(&'a self, batch: &Batch) -> impl Iterator<Item = &'a Pending> + use<'a> {
        let entries = batch.entries();
        let is_in = move |one: &&Pending| entries.contains(&one.event.entry);
        self.pending.iter().filter(is_in)
    }

    /// The receiver has accepted a message. Returns `true` if it has failed before, and does not any more.
    pub(super) fn delivered(&mut self, batch: &Batch, now: Now) -> bool {
        self.spend(batch, now);
        let entries = batch.entries();
        self.progress.delivered += self.remove(|one| entries.contains(&one.event.entry));
        (self.tries, self.not_before) = (0, Duration::ZERO);
        let mut fails = false;
        for one in &mut self.pending {
            one.is_suspect |= batch.is_second_opinion && one.is_doubted;
            one.is_doubted = false;
            fails |= one.tries > 0 || one.is_suspect;
        }
        if fails {
            return false;
        }
        self.end_failure();
        std::mem::take(&mut self.is_failing)
    }

    /// A message has failed.
    pub(super) fn failed(
        &mut self,
        batch: &Batch,
        failure: Failure,
        now: Now,
        jitter: f64,
    ) -> Failed {
        let since = self.progress.failure.as_ref().map(|known| known.since);
        self.progress.failure = Some(NotifierFailure {
            reason: failure.reason,
            since: since.unwrap_or(now.redis.0),
        });
        let is_first = !std::mem::replace(&mut self.is_reported, true);
        self.is_failing = true;
        self.note_try(batch, now);
        let is_suspect = self.find(batch).any(|one| one.is_suspect);
        match failure.scope {
            FailureScope::Message => self.refused(batch, now, jitter),
            FailureScope::Unclear if is_suspect => self.refused(batch, now, jitter),
            FailureScope::Unclear => self.unreachable(batch, now, jitter, None, true),
            FailureScope::Receiver(time) => self.unreachable(batch, now, jitter, time, false),
        }
        let given_up = self.give_up_old(batch, now) + self.give_up_surplus();
        Failed { is_first, given_up }
    }

    fn note_try(&mut self, batch: &Batch, now: Now) {
        self.last_turn += 1;
        let entries = batch.entries();
        let members = |one: &&mut Pending| entries.contains(&one.event.entry);
        for one in self.pending.iter_mut().filter(members) {
            one.tried_since.get_or_insert(now.steady);
            // A failure of a merged message says nothing about one of them.
            if entries.len() == 1 {
                one.turn = self.last_turn;
            }
        }
    }

    /// The events of the message wait, and those of the same orders behind them. Others go on.
    fn refused(&mut self, batch: &Batch, now: Now, jitter: f64) {
        self.spend(batch, now);
        let entries = batch.entries();
        let members = |one: &&mut Pending| entries.contains(&one.event.entry);
        for one in self.pending.iter_mut().filter(members) {
            one.tries += 1;
            one.not_before = now.steady + backoff::delay(one.tries, jitter);
            // Perhaps only one of them is refused.
            one.most = (entries.len() / 2).max(1);
        }
    }

    /// Gives up the events of this message that have failed for too long.
    fn give_up_old(&mut self, batch: &Batch, now: Now) -> u64 {
        let entries = batch.entries();
        self.give_up(|one| entries.contains(&one.event.entry) && has_failed_long(one, now))
    }

    /// Gives up the oldest refused event if too many are held up.
    fn give_up_surplus(&mut self) -> u64 {
        let held_up = self.held_up();
        if held_up.len() <= MOST_REFUSED {
            return 0;
        }
        self.give_up(|one| one.event.entry == held_up[0])
    }

    /// The entries of refused events, and of those that wait for them.
    fn held_up(&self) -> Vec<String> {
        let mut subjects = HashSet::new();
        let held_up = self.pending.iter().filter(|one| {
            let is_held_up = one.tries > 0 || subjects.contains(one.subject());
            if is_held_up {
                subjects.insert(one.subject());
            }
            is_held_up
        });
        held_up.map(|one| one.event.entry.clone()).collect()
    }

    fn unreachable(
        &mut self,
        batch: &Batch,
        now: Now,
        jitter: f64,
        wanted: Option<Duration>,
        is_unclear: bool,
    ) {
        let entries = batch.entries();
        let members = |one: &&mut Pending| entries.contains(&one.event.entry);
        for one in self.pending.iter_mut().filter(members) {
            one.is_doubted = true;
        }
        // The message before has counted already.
        if !batch.is_second_opinion {
            self.tries += 1;
            if is_unclear && self.tries >= SECOND_OPINION_AFTER {
                self.doubted = Some(entries);
            }
        }
        let delay = backoff::delay(self.tries, jitter);
        let wanted = wanted.unwrap_or_default().min(backoff::LONGEST_WANTED);
        self.not_before = now.steady + delay.max(wanted);
    }

    fn give_up(&mut self, is_over: impl Fn(&Pending) -> bool) -> u64 {
        let given_up = self.remove(is_over);
        self.progress.undelivered += given_up;
        if self.pending.is_empty() {
            self.end_failure();
        }
        given_up
    }

    fn end_failure(&mut self) {
        self.progress.failure = None;
        self.is_reported = false;
    }

    /// Removes events, and moves the cursor to the last of them.
    fn remove(&mut self, is_done: impl Fn(&Pending) -> bool) -> u64 {
        let before = self.pending.len();
        let progress = &mut self.progress;
        self.pending.retain(|one| {
            let is_done = is_done(one);
            if is_done && one.key() > entry_key(&progress.cursor) {
                (progress.cursor, progress.place) = (one.event.entry.clone(), one.place);
            }
            !is_done
        });
        self.pass_read();
        (before - self.pending.len()) as u64
    }
}

fn has_failed_long(one: &Pending, now: Now) -> bool {
    let time = one
        .tried_since
        .map(|since| now.steady.saturating_sub(since));
    time.is_some_and(|time| time > PATIENCE)
}
