//! The lease on notifications, and how far they have come.

use std::time::Duration;

use hp_order::Millis;
use redis::Value;

use crate::{
    error::QueueError,
    events::{QueueEvent, event},
    fields::FieldReader,
    handle::Handle,
    rules::millis,
    script::script,
};

script! {
    CallNotifier<'a> = "notifier.lua";
    queue: notifier, events;
    order: ;
    arguments: action: &'a str, holder: &'a str, lease: u64, after: &'a str, place: u64, count: usize;
}

/// The lease on the notifications of a queue. One process at a time holds it, and must renew it.
pub struct NotifierLease {
    handle: Handle,
    holder: String,
    lease: Duration,
}

/// What [`NotifierLease::acquire`] finds.
#[derive(Debug)]
pub enum Acquired {
    /// This process holds the lease now.
    Held(Box<Takeover>),
    /// Another process holds it, for this time unless it renews it.
    HeldByOther(Duration),
}

/// What the holder of the lease continues with.
#[derive(Debug)]
pub struct Takeover {
    /// Redis' time.
    pub now: Millis,
    /// How far the notifications have come.
    pub progress: NotifierProgress,
    /// The events up to the cursor that are not delivered yet, oldest first.
    pub waiting: Vec<NumberedEvent>,
    /// How many of them the stream does not have any more.
    pub gone: u64,
}

/// How far the notifications have come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotifierProgress {
    /// Every event up to this entry is delivered, given up or in `waiting`.
    pub cursor: String,
    /// How many events there were up to the cursor.
    pub place: u64,
    /// The entries up to the cursor that are neither delivered nor given up.
    pub waiting: Vec<String>,
    /// How many events the receiver has accepted.
    pub delivered: u64,
    /// How many events were given up.
    pub undelivered: u64,
    /// How the last delivery failed, if none has succeeded since.
    pub failure: Option<NotifierFailure>,
}

/// Why notifications fail.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NotifierFailure {
    /// In words.
    pub reason: String,
    /// Since when, Unix milliseconds.
    pub since: u64,
}

/// An event, and how many events there were up to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedEvent {
    /// Counts all events of the stream, from 1 on. 0 if it is not known.
    pub place: u64,
    /// The event.
    pub event: QueueEvent,
}

/// What [`NotifierLease::read`] finds.
#[derive(Debug)]
pub struct EventPage {
    /// Redis' time.
    pub now: Millis,
    /// The next events, oldest first.
    pub events: Vec<NumberedEvent>,
    /// The last entry that was read and its place. It may be no event.
    pub last: Option<(String, u64)>,
    /// How many events the stream has lost since the last call.
    pub lost: u64,
}

impl NotifierLease {
    /// Creates the lease. No process may have used the name `holder` before.
    pub fn new(handle: Handle, holder: String, lease: Duration) -> Self {
        Self {
            handle,
            holder,
            lease,
        }
    }

    /// Lets notifications begin with the events that follow, unless they have begun before. Needs no lease.
    pub async fn begin(&self) -> Result<(), QueueError> {
        self.call("begin", ("", 0, 0), &[]).await.map(drop)
    }

    /// Acquires the lease if it is free. The first time, notifications begin with the events that follow.
    pub async fn acquire(&self) -> Result<Acquired, QueueError> {
        let answer = self.call("acquire", ("", 0, 0), &[]).await?;
        let answer = FieldReader::new(&answer);
        if answer.text("state") == Some("held_by_other") {
            let left = Duration::from_millis(answer.answer("left")?);
            return Ok(Acquired::HeldByOther(left));
        }
        let numbered = |event| NumberedEvent { place: 0, event };
        Ok(Acquired::Held(Box::new(Takeover {
            now: Millis(answer.answer("now")?),
            progress: NotifierProgress::read(&answer.pairs("known")),
            waiting: entries(&answer, "kept")
                .into_iter()
                .filter_map(event)
                .map(numbered)
                .collect(),
            gone: answer.answer("gone")?,
        })))
    }

    /// Reads up to `count` events after this entry, which has this place, and renews the lease. `None`: the lease is lost.
    pub async fn read(
        &self,
        after: (&str, u64),
        count: usize,
    ) -> Result<Option<EventPage>, QueueError> {
        let answer = self.call("read", (after.0, after.1, count), &[]).await?;
        let answer = FieldReader::new(&answer);
        if answer.text("state") != Some("held") {
            return Ok(None);
        }
        let first: u64 = answer
            .parse("place")
            .map_err(QueueError::Protocol)?
            .unwrap_or(0);
        let lost = answer.parse("lost").map_err(QueueError::Protocol)?;
        let entries = entries(&answer, "events").into_iter().zip(first..);
        let mut page = EventPage {
            now: Millis(answer.answer("now")?),
            events: Vec::new(),
            last: None,
            lost: lost.unwrap_or(0),
        };
        for (entry, place) in entries {
            page.last = Some((entry.id.clone(), place));
            let numbered = event(entry).map(|event| NumberedEvent { place, event });
            page.events.extend(numbered);
        }
        Ok(Some(page))
    }

    /// Renews the lease. `false`: it is lost.
    pub async fn renew(&self) -> Result<bool, QueueError> {
        let answer = self.call("read", ("", 0, 0), &[]).await?;
        Ok(is_held(&answer))
    }

    /// Stores how far the notifications have come, and renews the lease. `false`: the lease is lost, and nothing was stored.
    pub async fn save(&self, progress: &NotifierProgress) -> Result<bool, QueueError> {
        let answer = self.call("save", ("", 0, 0), &progress.fields()).await?;
        Ok(is_held(&answer))
    }

    /// Ends the lease, so that another process can acquire it at once.
    pub async fn release(&self) -> Result<(), QueueError> {
        self.call("release", ("", 0, 0), &[]).await.map(drop)
    }

    async fn call(
        &self,
        action: &str,
        (after, place, count): (&str, u64, usize),
        values: &[(&str, String)],
    ) -> Result<Value, QueueError> {
        let call = CallNotifier {
            action,
            holder: &self.holder,
            lease: millis(self.lease),
            after,
            place,
            count,
        };
        let mut call = call.call(&self.handle.keys);
        for (name, value) in values {
            call.arg(*name).arg(value);
        }
        call.run(&mut self.handle.connection.clone()).await
    }
}

impl NotifierProgress {
    /// Reads what Redis has stored.
    pub(crate) fn read(pairs: &[(String, String)]) -> Self {
        let text = |name: &str| {
            let pair = pairs.iter().find(|(known, _)| known == name);
            pair.map_or("", |(_, value)| value.as_str())
        };
        let number = |name| text(name).parse().unwrap_or(0);
        Self {
            cursor: text("cursor").into(),
            place: number("place"),
            waiting: text("waiting").split_whitespace().map(Into::into).collect(),
            delivered: number("delivered"),
            undelivered: number("undelivered"),
            failure: Some(text("failure"))
                .filter(|reason| !reason.is_empty())
                .map(|reason| NotifierFailure {
                    reason: reason.into(),
                    since: number("failing_since"),
                }),
        }
    }

    fn fields(&self) -> [(&'static str, String); 8] {
        let failure = self.failure.as_ref();
        let since = failure.map_or_else(String::new, |failure| failure.since.to_string());
        [
            ("cursor", self.cursor.clone()),
            ("place", self.place.to_string()),
            ("waiting", self.waiting.join(" ")),
            // For the metrics: a script takes long to count them.
            ("waiting_count", self.waiting.len().to_string()),
            ("delivered", self.delivered.to_string()),
            ("undelivered", self.undelivered.to_string()),
            (
                "failure",
                failure.map_or_else(String::new, |failure| failure.reason.clone()),
            ),
            ("failing_since", since),
        ]
    }
}

fn is_held(answer: &Value) -> bool {
    FieldReader::new(answer).text("state") == Some("held")
}

fn entries(answer: &FieldReader<'_>, name: &str) -> Vec<redis::streams::StreamId> {
    let entries = answer.list(name).iter().cloned();
    let read = |entry| {
        let (id, fields): (String, std::collections::HashMap<String, Value>) =
            redis::from_redis_value(entry).ok()?;
        let mut entry = redis::streams::StreamId::default();
        (entry.id, entry.map) = (id, fields);
        Some(entry)
    };
    entries.filter_map(read).collect()
}
