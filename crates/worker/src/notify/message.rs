//! The messages that the receiver gets.

use std::collections::BTreeMap;

use hp_order::Millis;
use hp_queue::{Prefix, QueueEvent};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{order_ids::order_ids, words};
use crate::config::NotifyFormat;

/// One message.
#[derive(Debug)]
pub(super) struct Message {
    /// Stays the same if the message is sent again.
    pub(super) id: String,
    pub(super) body: String,
}

impl Message {
    /// The message about these events, oldest first.
    pub(super) fn about(events: &[QueueEvent], prefix: &Prefix, format: NotifyFormat) -> Self {
        let queue = prefix.to_string();
        let body = match (format, events) {
            (NotifyFormat::Slack, _) => json!({ "text": words::slack(events, &queue) }),
            (NotifyFormat::Standard, [event]) => one(event, &queue),
            (NotifyFormat::Standard, events) => several(events, &queue),
        };
        Self {
            id: id(events, &queue),
            body: body.to_string(),
        }
    }

    /// A message that only shows that messages arrive.
    pub(super) fn test(now: Millis, nonce: &str, prefix: &Prefix, format: NotifyFormat) -> Self {
        let queue = prefix.to_string();
        let text = format!(
            "This is a test of `worker notify test` for the queue {queue}: notifications arrive here."
        );
        let body = match format {
            NotifyFormat::Slack => json!({ "text": words::escape(&text) }),
            NotifyFormat::Standard => json!({
                "type": "notify.test",
                "timestamp": rfc3339(now),
                "data": { "queue": queue, "at": now.0, "detail": { "message": text } },
            }),
        };
        Self {
            id: format!("evt_{}_test_{nonce}", plain(&queue)),
            body: body.to_string(),
        }
    }
}

fn one(event: &QueueEvent, queue: &str) -> Value {
    json!({
        "type": event.event,
        "timestamp": rfc3339(event.at),
        "data": data(event, queue),
    })
}

fn data(event: &QueueEvent, queue: &str) -> Value {
    let mut data = serde_json::to_value(event).unwrap_or_default();
    data["queue"] = queue.into();
    data
}

/// Has the type and the time of the last event.
fn several(events: &[QueueEvent], queue: &str) -> Value {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return Value::Null;
    };
    let mut kinds = BTreeMap::<&str, u64>::new();
    for event in events {
        *kinds.entry(&event.event).or_default() += 1;
    }
    json!({
        "type": last.event,
        "timestamp": rfc3339(last.at),
        "data": {
            "queue": queue,
            "count": events.len(),
            "kinds": kinds,
            "order_ids": order_ids(events),
            "first_at": first.at.0,
            "last_at": last.at.0,
            "first_entry": first.entry,
            "last_entry": last.entry,
            "last": data(last, queue),
        },
    })
}

/// Only characters that are certain to be allowed in a header, and no full stop, which the signature uses.
fn id(events: &[QueueEvent], queue: &str) -> String {
    let entry = |event: Option<&QueueEvent>| event.map_or("", |event| &event.entry).to_owned();
    let (queue, first, last) = (plain(queue), entry(events.first()), entry(events.last()));
    match events.len() {
        1 => format!("evt_{queue}_{first}"),
        n => format!("evt_{queue}_{first}_{last}_{n}"),
    }
}

fn plain(queue: &str) -> String {
    let queue = queue.trim_matches(['{', '}']);
    queue
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .collect()
}

fn rfc3339(at: Millis) -> String {
    let at = i64::try_from(at.0).ok();
    let at = at.and_then(|at| Timestamp::from_millisecond(at).ok());
    at.unwrap_or_default().to_string()
}
