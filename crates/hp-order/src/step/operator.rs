use std::time::Duration;

use super::transition::{Next, Step, Transition, alone_at_fault};
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
            (Resolution::Closed, verdict) => match self.misfit(&verdict) {
                Some(evidence) if self.is_closable() => self.closed(evidence),
                _ => self.reconciled(verdict),
            },
            (_, verdict) => self.reconciled(verdict),
        }
    }

    /// Returns what HitPoints' record shows if it does not fit the order, or why HitPoints does not show the record.
    fn misfit(&self, verdict: &QueryVerdict) -> Option<String> {
        match verdict {
            QueryVerdict::Mismatch(mismatch) => Some(mismatch.to_string()),
            QueryVerdict::Found(order) => {
                let answered_at = self.inputs.answered_at;
                let foreign = self.record.foreign_record(order, self.policy, answered_at);
                foreign.map(|foreign| foreign.to_string())
            }
            QueryVerdict::OrderRefused(doubt) => Some(format!(
                "{}; whether the order was charged is not known",
                alone_at_fault(&doubt.message)
            )),
            QueryVerdict::NotFound | QueryVerdict::Unknown(_) | QueryVerdict::AccountRefused(_) => {
                None
            }
        }
    }

    /// Only an order in review, and only when no request can arrive that would still give it a record that fits.
    fn is_closable(&self) -> bool {
        let is_in_review = self.record.state == State::Review;
        is_in_review && self.record.closable_in(self.inputs.now).is_zero()
    }

    /// The evidence is the detail of the result. The code of an earlier answer has nothing to do with it.
    fn closed(&self, evidence: String) -> Step {
        Step {
            code: None,
            message: Some(evidence),
            ..self.failed(FailReason::Closed, Source::Query)
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
