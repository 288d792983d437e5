//! Events in words, for a person in a chat.

use hp_queue::QueueEvent;

use super::message::{NAMED, order_ids};
use crate::terminal::{escape_control, format::time};

/// The most characters of one value that somebody else wrote.
const LONGEST: usize = 500;

/// What has happened, and what to do, as Slack expects it.
pub(super) fn slack(events: &[QueueEvent], queue: &str) -> String {
    let (Some(first), Some(last)) = (events.first(), events.last()) else {
        return String::new();
    };
    let text = match events {
        [event] => format!("{} ({}, queue {queue})", one(event), time(event.at)),
        _ => format!(
            "{} ({} to {}, queue {queue})",
            several(events, last),
            time(first.at),
            time(last.at)
        ),
    };
    escape(&text)
}

/// Slack reads these three characters as its own.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn one(event: &QueueEvent) -> String {
    let id = event.order_id.as_deref().unwrap_or("-");
    let (value, to) = (|name| value(event, name), value(event, "to"));
    match event.event.as_str() {
        "order.review" => format!(
            "Order {id} needs an operator{}. Run `worker order {id}`, then `worker resolve {id}`.",
            because(&value("message"), &value("cause"))
        ),
        "order.review_resolved" => {
            format!("Order {id} needs no operator any more. It is now {to}.")
        }
        "queue.paused" => format!(
            "The queue is paused by {}{}. No order is processed. Run `worker status`; when the cause is fixed, run `worker resume`.",
            or_unknown(&value("by")),
            because(&value("reason"), "")
        ),
        "queue.resumed" => format!("The queue is resumed by {}.", or_unknown(&value("by"))),
        "vendor.unreachable" => format!(
            "HitPoints does not answer{}. Orders wait and go on by themselves. Run `worker doctor` for the cause.",
            because(&value("message"), &value("failure"))
        ),
        "vendor.reachable" => "HitPoints answers again. Orders go on.".into(),
        "balance.low" => format!(
            "The balance for {} at HitPoints is too low. Its orders wait. Top it up; orders then go on by themselves. Run `worker status` to see how many wait.",
            or_unknown(&value("scope"))
        ),
        "balance.restored" => format!(
            "The balance for {} is enough again. Its orders go on.",
            or_unknown(&value("scope"))
        ),
        "reconcile.difference" => format!(
            "The ledger and HitPoints differ about order {id}{}. Run `worker order {id}`.",
            because(&value("difference"), &value("repaired"))
        ),
        kind => match &event.order_id {
            Some(id) => format!("{kind}: order {id}{}. Run `worker events`.", details(event)),
            None => format!("{kind}{}. Run `worker events`.", details(event)),
        },
    }
}

fn several(events: &[QueueEvent], last: &QueueEvent) -> String {
    let count = events.len();
    if last.order_id.is_none() {
        return format!("{} This is the last of {count} events.", one(last));
    }
    let (what, next) = match last.event.as_str() {
        "order.review" => ("orders need an operator", "worker orders --state review"),
        "order.review_resolved" => ("orders need no operator any more", "worker orders"),
        "reconcile.difference" => (
            "times the ledger and HitPoints differ about an order",
            "worker events",
        ),
        _ => (last.event.as_str(), "worker events"),
    };
    let named = order_ids(events);
    let more = match count.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{count} {what}: {}{more}. Run `{next}`.", named.join(", "))
}

fn because(why: &str, or: &str) -> String {
    match (why, or) {
        ("", "") => String::new(),
        ("", why) | (why, _) => format!(": {}", why.trim_end_matches('.')),
    }
}

fn or_unknown(value: &str) -> &str {
    if value.is_empty() { "somebody" } else { value }
}

fn details(event: &QueueEvent) -> String {
    let names = event.detail.keys();
    let details: Vec<_> = names
        .map(|name| format!("{}: {}", short(name), value(event, name)))
        .collect();
    because(&details.join(", "), "")
}

/// A value that may come from outside: bounded, in one line.
fn value(event: &QueueEvent, name: &str) -> String {
    match event.detail.get(name) {
        None => String::new(),
        Some(serde_json::Value::String(text)) => short(text),
        Some(other) => short(&other.to_string()),
    }
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    escape_control(&short).into_owned()
}
