use std::{fmt, str::FromStr};

use hp_api::OrderId;

/// The start of every key of one queue, `{hp}` by default. It has a hash tag, so all keys of the queue are in one slot of a
/// Redis Cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

/// A prefix that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a usable prefix: write 3 to 64 visible ASCII characters with a part in braces, such as {{hp}}"
)]
pub struct PrefixError(String);

impl Default for Prefix {
    fn default() -> Self {
        Self("{hp}".into())
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        let tagged = text
            .split_once('{')
            .and_then(|(_, rest)| rest.split_once('}'))
            .is_some_and(|(tag, _)| !tag.is_empty());
        if visible && tagged && text.len() <= 64 {
            Ok(Self(text.into()))
        } else {
            Err(PrefixError(text.into()))
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The names of a queue's keys.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) prefix: String,
    pub(crate) jobs: String,
    pub(crate) inbox: String,
    pub(crate) results: String,
    pub(crate) rejected: String,
    pub(crate) events: String,
    pub(crate) notifier: String,
    pub(crate) schedule: String,
    pub(crate) open: String,
    pub(crate) paused: String,
    pub(crate) queue: String,
    pub(crate) epoch: String,
    pub(crate) breaker: String,
    pub(crate) charged: String,
    pub(crate) rate: String,
    pub(crate) rate_of_runs: String,
    pub(crate) throttle: String,
    pub(crate) holds: String,
    pub(crate) held: String,
    pub(crate) reconcile: String,
    pub(crate) runs: String,
    pub(crate) workers: String,
    pub(crate) products: String,
    pub(crate) write_check: String,
    pub(crate) states: String,
    pub(crate) spent: String,
    pub(crate) own_streams: String,
    order: String,
    replays: String,
}

impl Keys {
    pub(crate) fn new(prefix: &Prefix) -> Self {
        let key = |name: &str| format!("{prefix}:{name}");
        Self {
            prefix: prefix.0.clone(),
            jobs: key("jobs"),
            inbox: key("inbox"),
            results: key("results"),
            rejected: key("rejected"),
            events: key("events"),
            notifier: key("notifier"),
            schedule: key("schedule"),
            open: key("open"),
            paused: key("paused"),
            queue: key("queue"),
            epoch: key("epoch"),
            breaker: key("breaker"),
            charged: key("charged"),
            rate: key("rate"),
            rate_of_runs: key("rate:runs"),
            throttle: key("throttle"),
            holds: key("holds"),
            held: key("held"),
            reconcile: key("reconcile"),
            runs: key("reconcile:runs"),
            workers: key("workers"),
            products: key("products"),
            write_check: key("write_check"),
            states: key("state"),
            spent: key("spent"),
            own_streams: key("own_streams"),
            order: key("order:"),
            replays: key("replays:"),
        }
    }

    pub(crate) fn order(&self, id: &OrderId) -> String {
        [&self.order, id.as_str()].concat()
    }

    /// The own record of a worker.
    pub(crate) fn worker(&self, name: &str) -> String {
        [&self.workers, ":", name].concat()
    }

    /// The start of every record's key.
    pub(crate) fn order_start(&self) -> &str {
        &self.order
    }

    /// The pattern that all records' keys match.
    pub(crate) fn every_order(&self) -> String {
        let escape = |c| {
            if "*?[]\\^".contains(c) {
                format!("\\{c}")
            } else {
                String::from(c)
            }
        };
        self.order.chars().map(escape).chain(["*".into()]).collect()
    }

    pub(crate) fn replays(&self, id: &OrderId) -> String {
        [&self.replays, id.as_str()].concat()
    }
}
