use hp_order::Millis;
use hp_queue::NotificationStatus;

use crate::terminal::format::{count, time};

/// What became of the notifications, in a line. Empty as long as no worker has sent any.
pub(crate) fn summary(status: &NotificationStatus) -> String {
    let mut parts = Vec::new();
    if status.undelivered > 0 {
        let events = count(status.undelivered, "event was", "events were");
        parts.push(format!("{events} not delivered; see `worker events`"));
    }
    if let Some(failure) = &status.failure {
        let since = time(Millis(failure.since));
        parts.push(format!("failing since {since}: {}", failure.reason));
    }
    if status.delivered > 0 {
        parts.insert(0, format!("{} delivered", status.delivered));
    }
    parts.join("; ")
}
