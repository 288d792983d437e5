//! Which events go into the next message, and when. Pure: time and jitter are arguments.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use hp_order::Millis;
use hp_queue::{EventPage, NotifierFailure, NotifierProgress, QueueEvent, Takeover};

use super::{
    backoff,
    budget::{Budget, HANDFUL},
    pending::{Pending, entry_key},
};

/// How long an event is tried after it happened.
const PATIENCE: Duration = Duration::from_hours(24);
/// The most events in memory.
const WINDOW: usize = 1000;
/// The most events that a refused message may hold up. Beyond it, the oldest refused events are given up.
const MOST_REFUSED: usize = 500;
/// After so many failures in a row, another message shows whether only this one fails.
const SECOND_OPINION_AFTER: u32 = 3;

/// The time, twice: events carry Redis' time, and delays use one that nobody sets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) redis: Millis,
    /// Since any fixed moment.
    pub(super) steady: Duration,
}

/// The events of one message, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) events: Vec<QueueEvent>,
    /// Another message has failed just now, and this one shows whether the receiver fails.
    is_second_opinion: bool,
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Next {
    Send(Batch),
    /// Nothing before this time has passed, unless there are new events.
    Wait(Duration),
}

/// How the receiver failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// In words, without the address.
    pub(super) reason: String,
    pub(super) scope: FailureScope,
}

/// What a failure says about other messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureScope {
    /// The receiver refuses this message.
    Message,
    /// The receiver is down, unless it fails only with this message.
    Unclear,
    /// The receiver takes no message now. It may say for how long.
    Receiver(Option<Duration>),
}

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
}

impl Outbox {
    /// Continues where another process stopped.
    pub(super) fn new(takeover: Takeover) -> Self {
        let mut progress = takeover.progress;
        progress.undelivered += takeover.gone;
        Self {
            pending: takeover.waiting.into_iter().map(Pending::new).collect(),
            read: (progress.cursor.clone(), progress.place),
            progress,
            budgets: HashMap::new(),
            tries: 0,
            not_before: Duration::ZERO,
            doubted: None,
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
        self.pending
            .extend(page.events.into_iter().map(Pending::new));
        page.lost > 0
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
        let (chosen, wait) = self.choose(now, &doubted.unwrap_or_default());
        if chosen.is_empty() {
            let wait = if is_second_opinion {
                self.not_before.saturating_sub(now.steady)
            } else {
                wait
            };
            return Next::Wait(wait);
        }
        let events = chosen.iter().map(|at| self.pending[*at].event.clone());
        Next::Send(Batch {
            events: events.collect(),
            is_second_opinion,
        })
    }

    /// The places of the events for the next message, or how long to wait. An event waits for the earlier ones of its subject.
    fn choose(&self, now: Now, without: &HashSet<String>) -> (Vec<usize>, Duration) {
        let (mut blocked, mut wait) = (HashSet::new(), PATIENCE);
        for (at, one) in self.pending.iter().enumerate() {
            if blocked.contains(one.subject()) {
                continue;
            }
            let delay = one
                .not_before
                .max(self.budget(one.group()).free_at(now.steady))
                .saturating_sub(now.steady);
            if without.contains(&one.event.entry) {
                blocked.insert(one.subject());
            } else if delay.is_zero() {
                return (self.gather(at, now, without, blocked), Duration::ZERO);
            } else {
                wait = wait.min(delay);
                blocked.insert(one.subject());
            }
        }
        (Vec::new(), wait)
    }

    /// Gathers all events that may go into one message with this one. Returns it alone if there are only a few.
    fn gather<'a>(
        &'a self,
        first: usize,
        now: Now,
        without: &HashSet<String>,
        mut blocked: HashSet<&'a str>,
    ) -> Vec<usize> {
        let (group, mut most) = (self.pending[first].group(), usize::MAX);
        let mut chosen = Vec::new();
        for (at, one) in self.pending.iter().enumerate().skip(first) {
            let fits = one.group() == group
                && one.not_before <= now.steady
                && chosen.len() < most.min(one.most)
                && !without.contains(&one.event.entry);
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

    /// The receiver has accepted a message.
    pub(super) fn delivered(&mut self, batch: &Batch, now: Now) {
        self.spend(batch, now);
        let entries = batch.entries();
        self.progress.delivered += self.remove(|one| entries.contains(&one.event.entry));
        (self.tries, self.not_before) = (0, Duration::ZERO);
        let mut is_failing = false;
        for one in &mut self.pending {
            if batch.is_second_opinion && one.failures >= SECOND_OPINION_AFTER {
                one.is_suspect = true;
            }
            is_failing |= one.tries > 0 || one.is_suspect;
        }
        if !is_failing {
            self.progress.failure = None;
        }
    }

    /// A message has failed. Returns how many events were given up.
    pub(super) fn failed(&mut self, batch: &Batch, failure: Failure, now: Now, jitter: f64) -> u64 {
        let since = self.progress.failure.as_ref().map(|known| known.since);
        self.progress.failure = Some(NotifierFailure {
            reason: failure.reason,
            since: since.unwrap_or(now.redis.0),
        });
        let is_suspect = self.find(batch).any(|one| one.is_suspect);
        match failure.scope {
            FailureScope::Message => self.refused(batch, now, jitter),
            FailureScope::Unclear if is_suspect => self.refused(batch, now, jitter),
            FailureScope::Unclear => self.unreachable(batch, now, jitter, None, true),
            FailureScope::Receiver(time) => self.unreachable(batch, now, jitter, time, false),
        }
    }

    /// The events of the message wait, and those of the same orders behind them. Others go on.
    fn refused(&mut self, batch: &Batch, now: Now, jitter: f64) -> u64 {
        self.spend(batch, now);
        let entries = batch.entries();
        let members = |one: &&mut Pending| entries.contains(&one.event.entry);
        for one in self.pending.iter_mut().filter(members) {
            one.tries += 1;
            one.not_before = now.steady + backoff::delay(one.tries, jitter);
            // Perhaps only one of them is refused.
            one.most = (entries.len() / 2).max(1);
        }
        let is_over = |one: &Pending| entries.contains(&one.event.entry) && is_old(one, now);
        let mut given_up = self.give_up(is_over);
        let held_up = self.held_up();
        if held_up.len() > MOST_REFUSED {
            let oldest = held_up[0].clone();
            given_up += self.give_up(|one| one.event.entry == oldest);
        }
        given_up
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
    ) -> u64 {
        let entries = batch.entries();
        let members = |one: &&mut Pending| entries.contains(&one.event.entry);
        for one in self.pending.iter_mut().filter(members) {
            one.failures += 1;
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
        self.give_up(|one| is_old(one, now))
    }

    fn give_up(&mut self, is_over: impl Fn(&Pending) -> bool) -> u64 {
        let given_up = self.remove(is_over);
        self.progress.undelivered += given_up;
        given_up
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
        (before - self.pending.len()) as u64
    }
}

impl Batch {
    fn entries(&self) -> HashSet<String> {
        self.events
            .iter()
            .map(|event| event.entry.clone())
            .collect()
    }
}

fn is_old(one: &Pending, now: Now) -> bool {
    now.redis.since(one.event.at) > PATIENCE
}
