//! The text of a notification for a chat.

use hp_queue::QueueEvent;

use super::order_ids::{NAMED, order_ids};
use crate::terminal::{escape_control, format::time, shell::order_argument};

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
    let order_id = event.order_id.as_deref().unwrap_or("-");
    let (id, order) = (short(order_id), order_command(order_id));
    let (value, to) = (|name| value(event, name), value(event, "to"));
    match event.event.as_str() {
        "order.review" => format!(
            "Order {id} needs an operator{}. Run {order}: its last line says what to do.",
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
            "The ledger and HitPoints differ about order {id}{}. Run {order}.",
            because(&value("difference"), &value("repaired"))
        ),
        "job.dead_letter" => format!(
            "Entries of the inbox that name no usable order: {}. They wait in the dead letters. Run `worker rejected list`.",
            value("count")
        ),
        kind => {
            let (kind, details) = (short(kind), details(event));
            match &event.order_id {
                Some(_) => format!("{kind}: order {id}{details}. Run `worker events`."),
                None => format!("{kind}{details}. Run `worker events`."),
            }
        }
    }
}

/// The command that shows an order, as code: a chat looks for no mention in it.
fn order_command(id: &str) -> String {
    if id.contains('`') {
        // It would end the code.
        return "`worker order ID`".into();
    }
    format!("`worker order {}`", order_argument(&escape_control(id)))
}

fn several(events: &[QueueEvent], last: &QueueEvent) -> String {
    let count = events.len();
    if last.order_id.is_none() {
        return format!("{} This is the last of {count} events.", one(last));
    }
    let kind = short(&last.event);
    let (what, next) = match last.event.as_str() {
        "order.review" => ("orders need an operator", "worker orders --state review"),
        "order.review_resolved" => ("orders need no operator any more", "worker orders"),
        "reconcile.difference" => (
            "times the ledger and HitPoints differ about an order",
            "worker events",
        ),
        _ => (kind.as_str(), "worker events"),
    };
    let named: Vec<_> = order_ids(events).into_iter().map(short).collect();
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

/// A value that may come from outside: bounded, in one line, and without mentions.
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
    // Without the invisible space, `@channel` or `@all` would call everybody.
    escape_control(&short).replace('@', "@\u{200b}")
}

#[cfg(test)]
mod tests {
    use hp_order::Millis;
    use serde_json::json;

    use super::*;

    fn event(kind: &str, order: Option<&str>, detail: &serde_json::Value) -> QueueEvent {
        QueueEvent {
            entry: "1-1".into(),
            event: kind.into(),
            at: Millis(0),
            order_id: order.map(Into::into),
            detail: detail.as_object().unwrap().clone(),
        }
    }

    #[test]
    fn flood_names_the_oldest_orders_and_the_count() {
        let ids = (1..=200).map(|n| format!("A-{n}"));
        let events = ids.map(|id| event("order.review", Some(&id), &json!({})));
        let text = slack(&events.collect::<Vec<_>>(), "{hp}");
        for part in [
            "200 orders need an operator: A-1, A-2, ",
            "A-10 and 190 more. Run `worker orders --state review`",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("A-11"), "{text}");
    }

    #[test]
    fn merged_outages_say_how_things_stand() {
        let events = [
            event(
                "vendor.unreachable",
                None,
                &json!({"message": "no answer."}),
            ),
            event("vendor.reachable", None, &json!({})),
        ];
        let text = slack(&events, "{hp}");
        assert!(
            text.starts_with(
                "HitPoints answers again. Orders go on. This is the last of 2 events."
            ),
            "{text}"
        );
        let text = slack(&events[..1], "{hp}");
        assert!(
            text.starts_with("HitPoints does not answer: no answer. Orders"),
            "{text}"
        );
    }

    #[test]
    fn commands_in_messages_can_be_pasted() {
        for (id, command) in [
            ("A-1", "`worker order A-1`"),
            ("A;x", "`worker order 'A;x'`"),
            ("A@all", "`worker order 'A@all'`"),
            ("A&x", "`worker order 'A&amp;x'`"),
            ("A`x", "`worker order ID`"),
        ] {
            for kind in ["order.review", "reconcile.difference"] {
                let text = slack(&[event(kind, Some(id), &json!({}))], "{hp}");
                assert!(text.contains(&format!("Run {command}")), "{text}");
                assert!(!text.contains("worker resolve"), "{text}");
            }
        }
    }

    #[test]
    fn values_from_outside_mention_nobody() {
        let all = "@all @here @channel";
        let detail = json!({"message": all, "reason": all, "by": all, "scope": all, "to": all,
            "difference": all, "count": all, all: all});
        for kind in [
            "order.review",
            "order.review_resolved",
            "queue.paused",
            "queue.resumed",
            "vendor.unreachable",
            "balance.low",
            "balance.restored",
            "reconcile.difference",
            "job.dead_letter",
            "of.the.future@all",
        ] {
            let one = event(kind, Some("@all"), &detail);
            for events in [vec![one.clone()], vec![one.clone(), one]] {
                let text = slack(&events, "{hp}").replace("`worker order '@all'`", "");
                assert!(!text.contains("@a") && !text.contains("@h"), "{text}");
                assert!(!text.contains("@c") && text.contains("@\u{200b}"), "{text}");
            }
        }
    }

    #[test]
    fn long_values_are_cut() {
        let detail = json!({"reason": "x".repeat(10_000), "by": "Ada"});
        let text = slack(&[event("queue.paused", None, &detail)], "{hp}");
        assert!(text.len() < 1000 && text.contains("x\u{2026}"), "{text}");
    }
}
