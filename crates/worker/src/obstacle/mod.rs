//! What keeps orders from going on at present, and what to do about it. `status`, `orders`, `order`, `doctor` and the log all
//! name an obstacle with the words of this module.

mod breaker;
mod facts;
mod kind;
mod of_order;
mod of_queue;
mod of_redis;
mod of_workers;
#[cfg(test)]
mod tests;
mod vendor_failure;

use serde::Serialize;

pub(crate) use facts::Facts;
pub(crate) use kind::ObstacleKind;
pub(crate) use of_order::of_order;
pub(crate) use of_queue::of_queue;
pub(crate) use of_workers::UNREACHABLE;
pub(crate) use vendor_failure::VendorFailure;

/// One thing that keeps orders from going on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Obstacle {
    pub(crate) kind: ObstacleKind,
    /// What it is, for a column of a table.
    #[serde(skip)]
    pub(crate) brief: String,
    /// What it is, with all that is known.
    pub(crate) text: String,
    /// What to do next. `None`: nothing, it ends by itself.
    pub(crate) next: Option<String>,
}

impl Obstacle {
    fn new(kind: ObstacleKind, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            kind,
            brief: text.clone(),
            text,
            next: None,
        }
    }

    fn brief(self, brief: impl Into<String>) -> Self {
        Self {
            brief: brief.into(),
            ..self
        }
    }

    fn next(self, next: impl Into<String>) -> Self {
        Self {
            next: Some(next.into()),
            ..self
        }
    }
}
