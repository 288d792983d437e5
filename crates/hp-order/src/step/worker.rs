use std::time::Duration;

use super::transition::{Next, Step, Transition};
use crate::{
    balance_scope::BalanceScope,
    event::Expiry,
    state::{Cause, State},
    terminal_outcome::{FailReason, Rejection, Source, TerminalOutcome},
};

/// The evidence of an order in review that was submitted on another account.
pub fn other_account_evidence(account: &str) -> String {
    format!("submitted on account {account}, which is not the account of the queue any more")
}

/// What happens to an order inside the worker, without an answer from HitPoints.
impl Transition<'_> {
    /// Rejects an order only on its first attempt: an earlier attempt may have been charged.
    pub(super) fn declined(&self, rejection: Rejection) -> Step {
        match self.record.state {
            State::Submitting if self.record.is_first_attempt() => Step {
                next: Next::End(TerminalOutcome::Rejected(rejection)),
                ..self.unsent(State::Rejected)
            },
            State::Submitting => Step {
                next: Next::After(self.retry_delay()),
                ..self.unsent(State::Waiting)
            },
            _ => self.released(),
        }
    }

    pub(super) fn expired(&self, expiry: Expiry) -> Step {
        if self.record.state != State::Submitting {
            return self.released();
        }
        match expiry {
            Expiry::Deadline => Step {
                next: Next::End(TerminalOutcome::Expired),
                ..self.unsent(State::Expired)
            },
            Expiry::GiveUp => Step {
                attempts: self.record.attempts.saturating_sub(1),
                ..self.failed(FailReason::GaveUp, Source::Worker)
            },
        }
    }

    pub(super) fn balance_held(&self, delay: Duration) -> Step {
        match self.record.state {
            State::Submitting => Step {
                next: Next::After(self.until_expiry(delay)),
                ..self.released()
            },
            _ => self.released(),
        }
    }

    /// The order leaves the schedule, but its time limits still count.
    pub(super) fn held_for_balance(&self, scope: BalanceScope) -> Step {
        match self.record.state {
            State::Submitting => Step {
                next: Next::Held {
                    scope,
                    at_most: self.until_expiry(Duration::MAX),
                },
                ..self.released()
            },
            _ => self.released(),
        }
    }

    /// Only an order that this claim was to submit or query may have been sent.
    pub(super) fn panicked(&self) -> Step {
        let crashes = self.record.crashes + 1;
        if !matches!(self.record.state, State::Submitting | State::Uncertain) {
            return Step {
                crashes,
                ..self.released()
            };
        }
        Step {
            crashes,
            cause: self.record.cause.or(Some(Cause::WorkerDied)),
            ..self.query_after(self.check_delay())
        }
    }

    /// Only the account of the submission has the record, so an operator decides.
    pub(super) fn not_queryable(&self) -> Step {
        match (&self.record.other_account, self.record.state) {
            (Some(account), State::Uncertain | State::Review) => Step {
                checks: self.released().checks,
                ..self.review(other_account_evidence(account))
            },
            _ => self.released(),
        }
    }

    pub(super) fn crashed(&self) -> Step {
        if self.record.state != State::Uncertain {
            return self.released();
        }
        let crashes = self.record.crashes;
        Step {
            checks: self.record.checks.saturating_sub(1),
            ..self.review(format!(
                "{crashes} workers died while they processed this order"
            ))
        }
    }
}
