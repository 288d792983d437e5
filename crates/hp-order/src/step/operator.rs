use std::time::Duration;

use super::transition::{Next, Step, Transition};
use crate::{
    event::{QueryVerdict, Resolution},
    state::State,
    terminal_outcome::{FailReason, Source},
};

impl Transition<'_> {
    /// Follows the operator only if HitPoints' record allows it.
    pub(super) fn resolved(&self, resolution: Resolution, verdict: QueryVerdict) -> Step {
        let is_certainly_not_charged =
            verdict == QueryVerdict::NotFound && self.not_found_valid_in().is_zero();
        match (resolution, verdict) {
            // The operator asserts that a record belongs to the order although it is older.
            (Resolution::Completed, QueryVerdict::Found(order)) => {
                self.completed(order, Source::Reconcile)
            }
            (Resolution::NotCharged, _) if is_certainly_not_charged => {
                self.failed(FailReason::Resolved, Source::Query)
            }
            (Resolution::Resubmit, _)
                if is_certainly_not_charged && !self.record.is_past_deadline(self.inputs.now) =>
            {
                self.with_limits_reset(self.to(State::Waiting, Next::After(Duration::ZERO)))
            }
            (_, verdict) => self.reconciled(verdict),
        }
    }

    /// An order in review is queried again, and its limits count from now. Any other order is only due at once.
    pub(super) fn retried(&self) -> Step {
        match self.record.state {
            State::Review => self.with_limits_reset(self.query_after(Duration::ZERO)),
            _ => Step {
                next: Next::After(Duration::ZERO),
                ..self.released()
            },
        }
    }

    /// Counts age and crashes from now, as for an order that was just admitted.
    fn with_limits_reset(&self, step: Step) -> Step {
        Step {
            crashes: 0,
            renewed_at: Some(self.inputs.now),
            ..step
        }
    }
}
