//! What `{hp}:breaker` says about HitPoints.

use std::{collections::HashMap, time::Duration};

use hp_order::Millis;

use super::{description::Obstacle, facts::Facts, kind::ObstacleKind};
use crate::terminal::format::duration;

/// The last calls to HitPoints have failed.
pub(crate) struct Failing<'a> {
    kind: ObstacleKind,
    detail: &'a str,
    calls: u64,
    /// For how long the breaker has been open. `None`: it is closed.
    pub(crate) open_for: Option<Duration>,
}

/// So many failed calls in a row concern all orders, even if the breaker is still closed.
const FEW: u64 = 3;

impl<'a> Failing<'a> {
    /// Returns `None` if the last call got an answer.
    pub(crate) fn of(facts: &'a Facts) -> Option<Self> {
        let breaker = &facts.status.breaker;
        let number = |name| field(breaker, name).parse::<u64>().ok();
        let is_open = breaker.contains_key("until");
        let calls = number("failures").unwrap_or(0);
        if !is_open && calls == 0 {
            return None;
        }
        let since = number("since").map_or(facts.now(), Millis);
        Some(Self {
            kind: kind(field(breaker, "failure")),
            detail: field(breaker, "failure_detail"),
            calls,
            open_for: is_open.then(|| facts.now().since(since)),
        })
    }

    pub(crate) const fn concerns_all_orders(&self) -> bool {
        self.open_for.is_some() || self.calls >= FEW
    }

    pub(crate) fn obstacle(&self) -> Obstacle {
        let (headline, next) = words(self.kind);
        let extent = match (self.open_for, self.calls) {
            (Some(time), _) => format!(", for {}", duration(time)),
            (None, 1) => " (the last call)".into(),
            (None, calls) => format!(" (the last {calls} calls)"),
        };
        let detail = match self.detail {
            "" => String::new(),
            detail => format!(": {detail}"),
        };
        Obstacle::new(self.kind, format!("{headline}{extent}{detail}"))
            .brief(headline)
            .next(next)
    }
}

/// A worker of another version may have noted nothing, or another word.
fn kind(word: &str) -> ObstacleKind {
    let all = ObstacleKind::ALL.into_iter();
    let mut vendor = all.filter(|kind| kind.is_vendor_failure());
    vendor
        .find(|kind| kind.as_str() == word)
        .unwrap_or(ObstacleKind::VendorSilent)
}

const fn words(kind: ObstacleKind) -> (&'static str, &'static str) {
    match kind {
        ObstacleKind::VendorUnusable => (
            "HitPoints' answers cannot be used",
            "run `worker doctor`: it says what is wrong with them",
        ),
        ObstacleKind::VendorError => (
            "HitPoints answers with errors that settle nothing",
            "ask HitPoints what its answer means",
        ),
        ObstacleKind::ControlDenied => (
            "HitPoints denies an order that it has charged",
            "ask HitPoints whether it has an outage, or has deleted that record; until it gives records again, no order in doubt is sent again",
        ),
        _ => (
            "HitPoints does not answer",
            "run `worker doctor`, and ask HitPoints; the workers go on by themselves when it answers",
        ),
    }
}

fn field<'a>(fields: &'a HashMap<String, String>, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}
