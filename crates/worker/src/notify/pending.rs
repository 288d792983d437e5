use std::time::Duration;

use hp_queue::{NumberedEvent, QueueEvent};

/// An event that is not delivered yet.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) event: QueueEvent,
    /// Its place in the stream.
    pub(super) place: u64,
    subject: String,
    group: String,
    /// How often the receiver has refused a message with it.
    pub(super) tries: u32,
    /// When a refused event is tried again, in steady time.
    pub(super) not_before: Duration,
    /// The most events of a message that it may be part of.
    pub(super) most: usize,
    /// When the receiver failed with it for the first time, in steady time.
    pub(super) tried_since: Option<Duration>,
    /// The receiver has failed with it, and has accepted nothing since.
    pub(super) is_doubted: bool,
    /// Whose turn it is to give a second opinion: the event with the lowest number.
    pub(super) turn: u64,
    /// The receiver fails with it, and not with others.
    pub(super) is_suspect: bool,
}

impl Pending {
    pub(super) fn new(numbered: NumberedEvent, turn: u64) -> Self {
        let NumberedEvent { event, place } = numbered;
        Self {
            subject: subject(&event),
            group: group(&event),
            event,
            place,
            tries: 0,
            not_before: Duration::ZERO,
            most: usize::MAX,
            tried_since: None,
            is_doubted: false,
            turn,
            is_suspect: false,
        }
    }

    /// What it is about. Events of one subject are sent in their order.
    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    /// Events of one group may go into one message.
    pub(super) fn group(&self) -> &str {
        &self.group
    }

    /// Its place in the order of the stream.
    pub(super) fn key(&self) -> (u64, u64) {
        entry_key(&self.event.entry)
    }
}

/// The two numbers of an entry id.
pub(super) fn entry_key(entry: &str) -> (u64, u64) {
    let (ms, number) = entry.split_once('-').unwrap_or((entry, "0"));
    let parse = |text: &str| text.parse().unwrap_or(0);
    (parse(ms), parse(number))
}

/// An order; or the queue, HitPoints or a balance.
fn subject(event: &QueueEvent) -> String {
    match &event.order_id {
        Some(id) => format!("order {id}"),
        None => format!("{} {}", family(event), scope(event)),
    }
}

/// Events of orders by kind. Those of the queue with the ones that clear them: the last one counts.
fn group(event: &QueueEvent) -> String {
    match &event.order_id {
        Some(_) => event.event.clone(),
        None => subject(event),
    }
}

fn family(event: &QueueEvent) -> &str {
    event.event.split('.').next().unwrap_or_default()
}

fn scope(event: &QueueEvent) -> &str {
    let scope = event.detail.get("scope");
    scope.and_then(|scope| scope.as_str()).unwrap_or_default()
}
