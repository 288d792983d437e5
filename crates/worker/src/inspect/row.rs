use hp_order::{Cause, Millis, Rejection};
use hp_queue::OrderSnapshot;
use serde::Serialize;

use crate::terminal::format::duration;

/// An order in a list. Times are Unix ms.
#[derive(Debug, Serialize)]
pub(super) struct OrderRow {
    order_id: String,
    product_id: u64,
    quantity: u32,
    state: &'static str,
    pub(super) cause: Option<&'static str>,
    pub(super) reason: Option<&'static str>,
    pub(super) code: Option<i64>,
    attempts: u32,
    checks: u32,
    crashes: u32,
    accepted_at: u64,
    updated_at: Option<u64>,
    finished_at: Option<u64>,
    due_at: Option<u64>,
    /// The balance that the order waits for.
    held: Option<String>,
    /// The name has been in the JSON output from the beginning.
    #[serde(rename = "in_hand")]
    is_claimed: bool,
    message: Option<String>,
}

/// The head of the table of orders.
pub(super) const HEAD: [&str; 8] = [
    "order", "state", "product", "cards", "age", "attempts", "due in", "why",
];

impl OrderRow {
    /// The cells of the table row, at time `now`.
    pub(super) fn cells(&self, now: Millis) -> Vec<String> {
        let due = match self.due_at {
            _ if self.is_claimed => "claimed".into(),
            None if self.held.is_some() => "held".into(),
            Some(at) => duration(Millis(at).since(now)),
            None => String::new(),
        };
        let code = self.code.map(|code| code.to_string());
        let why = [
            self.cause.map(Into::into),
            self.reason.map(Into::into),
            code,
            self.message.clone(),
        ];
        vec![
            self.order_id.clone(),
            self.state.into(),
            self.product_id.to_string(),
            self.quantity.to_string(),
            duration(now.since(Millis(self.accepted_at))),
            self.attempts.to_string(),
            due,
            why.into_iter().flatten().collect::<Vec<_>>().join(" "),
        ]
    }
}

impl From<&OrderSnapshot> for OrderRow {
    fn from(snapshot: &OrderSnapshot) -> Self {
        let record = &snapshot.record;
        let reason = match (record.failed, record.rejected) {
            (Some((reason, _)), _) => Some(reason.as_str()),
            (_, rejected) => rejected.map(Rejection::as_str),
        };
        Self {
            order_id: record.wanted.order_id.to_string(),
            product_id: record.wanted.product_id.get(),
            quantity: record.wanted.quantity.get(),
            state: record.state.as_str(),
            cause: record.cause.map(Cause::as_str),
            reason,
            code: record.code,
            attempts: record.attempts,
            checks: record.checks,
            crashes: record.crashes,
            accepted_at: record.accepted_at.0,
            updated_at: snapshot.updated_at.map(|at| at.0),
            finished_at: snapshot.finished_at.map(|at| at.0),
            due_at: record.due_at.map(|at| at.0),
            held: snapshot.held.map(|scope| scope.to_string()),
            is_claimed: snapshot.is_claimed,
            message: record.message.clone(),
        }
    }
}
