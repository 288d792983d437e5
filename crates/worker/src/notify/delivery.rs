//! One delivery: what is sent, and what becomes of it.

use std::{collections::HashSet, time::Duration};

use hp_order::Millis;
use hp_queue::QueueEvent;

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
    pub(super) is_second_opinion: bool,
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

/// What a failure changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    /// Deliveries fail from now on.
    pub(super) is_first: bool,
    /// How many events were given up.
    pub(super) given_up: u64,
}

impl Batch {
    /// The entries of its events.
    pub(super) fn entries(&self) -> HashSet<String> {
        self.events
            .iter()
            .map(|event| event.entry.clone())
            .collect()
    }
}
