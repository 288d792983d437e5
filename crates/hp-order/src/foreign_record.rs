//! Whether a record that HitPoints gives belongs to the order.

use std::{fmt, time::Duration};

use hp_api::Order;

use crate::{policy::Policy, record::Record, state::Cause, time::Millis};

/// A record that HitPoints created before the order was first submitted. So it belongs to an order of another queue, or to
/// an earlier order of this id.
///
/// It names ages and no times, because HitPoints and Redis have different clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignRecord {
    /// The record is older than the order.
    Older {
        /// The age of HitPoints' record when HitPoints answered.
        record_age: Duration,
        /// The time from the order's first submission to the answer.
        order_age: Duration,
    },
    /// The order was never submitted.
    NeverSubmitted,
}

impl Record {
    /// Returns the evidence that HitPoints' record does not belong to this order, if it does not.
    ///
    /// Unknown ages are not compared: HitPoints may give no time, and a Redis whose clock was set back may date the first
    /// submission to the future. The record of an order whose submission Redis may have forgotten is not judged at all.
    pub fn foreign_record(
        &self,
        order: &Order,
        policy: &Policy,
        answered_at: Millis,
    ) -> Option<ForeignRecord> {
        if self.cause == Some(Cause::RedisRestarted) {
            return None;
        }
        let Some(first_submitted_at) = self.first_submitted_at else {
            return Some(ForeignRecord::NeverSubmitted);
        };
        if first_submitted_at > answered_at {
            return None;
        }
        let (record_age, order_age) = (order.record_age?, answered_at.since(first_submitted_at));
        let is_older = record_age > order_age.saturating_add(policy.clock_tolerance);
        is_older.then_some(ForeignRecord::Older {
            record_age,
            order_age,
        })
    }
}

impl fmt::Display for ForeignRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Older {
                record_age,
                order_age,
            } => write!(
                f,
                "HitPoints created its record {} s before it answered, but the order was first submitted {} s before the answer: the record belongs to another order with this id",
                record_age.as_secs(),
                order_age.as_secs()
            ),
            Self::NeverSubmitted => f.write_str(
                "HitPoints has a record, but the order was never submitted: the record belongs to another order with this id",
            ),
        }
    }
}
