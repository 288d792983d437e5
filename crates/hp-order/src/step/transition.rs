use std::time::Duration;

use hp_api::Order;

use crate::{
    balance_scope::BalanceScope,
    policy::Policy,
    record::Record,
    state::{Cause, State},
    terminal_outcome::{FailReason, Source, TerminalOutcome},
    time::{DecisionInputs, Millis},
};

/// The change of an order after an event. Redis applies all of it or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The new state.
    pub state: State,
    /// Number of submissions.
    pub attempts: u32,
    /// Number of record queries.
    pub checks: u32,
    /// Number of claimants that vanished or panicked.
    pub crashes: u32,
    /// When an operator last requeued the order.
    pub renewed_at: Option<Millis>,
    /// Why the order is in doubt, while it is.
    pub cause: Option<Cause>,
    /// Code of the last answer from HitPoints.
    pub code: Option<i64>,
    /// Text of the last answer from HitPoints, or the evidence for an operator.
    pub message: Option<String>,
    /// What comes next.
    pub next: Next,
    /// The reason to pause the queue, if the worker's account or clock has failed: no worker claims orders until an
    /// operator resumes it.
    pub pause: Option<String>,
}

/// When an order is processed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// After this time.
    After(Duration),
    /// When the balance hold on this scope is over or lifted, and no later than after this time.
    Held {
        /// The hold.
        scope: BalanceScope,
        /// The time until the order's own limit.
        at_most: Duration,
    },
    /// When an operator or a reconciliation run claims it.
    Review,
    /// The order has ended, and its result is out of reach: the repetition waits until a reconciliation run or an operator
    /// claims it, or until its record expires.
    Parked,
    /// Never: this is its result.
    End(TerminalOutcome),
}

/// An order on its way to its next state.
pub(super) struct Transition<'a> {
    pub(super) record: &'a Record,
    pub(super) policy: &'a Policy,
    pub(super) inputs: DecisionInputs,
}

impl Transition<'_> {
    /// Moves the order to another state, and keeps the rest of the record except the cause.
    pub(super) fn to(&self, state: State, next: Next) -> Step {
        Step {
            state,
            attempts: self.record.attempts,
            checks: self.record.checks,
            crashes: self.record.crashes,
            renewed_at: self.record.renewed_at,
            cause: None,
            code: self.record.code,
            message: self.record.message.clone(),
            next,
            pause: None,
        }
    }

    /// Completes the order if HitPoints' record belongs to it.
    pub(super) fn charged(&self, order: Box<Order>, source: Source) -> Step {
        let answered_at = self.inputs.answered_at;
        match self.record.foreign_record(&order, self.policy, answered_at) {
            Some(foreign) => self.review(foreign.to_string()),
            None => self.completed(order, source),
        }
    }

    pub(super) fn completed(&self, order: Box<Order>, source: Source) -> Step {
        Step {
            code: None,
            message: None,
            ..self.to(
                State::Completed,
                Next::End(TerminalOutcome::Completed { order, source }),
            )
        }
    }

    pub(super) fn failed(&self, reason: FailReason, source: Source) -> Step {
        self.to(
            State::Failed,
            Next::End(TerminalOutcome::Failed { reason, source }),
        )
    }

    pub(super) fn review(&self, evidence: String) -> Step {
        Step {
            cause: self.record.cause,
            message: Some(evidence),
            ..self.to(State::Review, Next::Review)
        }
    }

    /// Keeps the doubt and the answer that raised it, and schedules the next query.
    pub(super) fn query_after(&self, delay: Duration) -> Step {
        Step {
            cause: self.record.cause,
            ..self.to(State::Uncertain, Next::After(delay))
        }
    }

    /// Takes back the attempt that the claim counted: nothing was sent.
    pub(super) fn unsent(&self, state: State) -> Step {
        Step {
            attempts: self.record.attempts.saturating_sub(1),
            ..self.to(state, Next::After(Duration::ZERO))
        }
    }

    /// Takes back what the claim counted for a call that was never made.
    pub(super) fn released(&self) -> Step {
        match self.record.state {
            State::Submitting if self.record.is_first_attempt() => self.unsent(State::Queued),
            State::Submitting => self.unsent(State::Waiting),
            State::Review => Step {
                cause: self.record.cause,
                ..self.to(State::Review, Next::Review)
            },
            State::Uncertain => Step {
                checks: self.record.checks.saturating_sub(1),
                ..self.query_after(self.due_in())
            },
            unsent_or_ended => self.to(unsent_or_ended, Next::After(self.due_in())),
        }
    }
}

/// Returns the evidence of an order that HitPoints refuses although it accepts the account.
pub(super) fn alone_at_fault(message: &str) -> String {
    format!("HitPoints refuses only the calls about this order: {message}")
}

/// Returns the reason to pause the queue.
pub(super) fn account_failure(code: Option<i64>, message: &str) -> String {
    match code {
        Some(code) => format!("HitPoints answered {code}: {message}"),
        None => message.to_owned(),
    }
}
