use std::time::Duration;

use hp_api::{Doubt, DoubtKind, Outcome, Refusal, RefusalKind};

use super::transition::{Next, Step, Transition, account_failure, alone_at_fault};
use crate::{
    state::{Cause, State},
    terminal_outcome::Source,
};

impl Transition<'_> {
    pub(super) fn submitted(&self, outcome: Outcome) -> Step {
        match outcome {
            Outcome::Charged(order) => self.charged(order, Source::Fetch),
            Outcome::NotCharged(refusal) => self.refused(refusal),
            Outcome::Unknown(doubt) => self.doubted(doubt),
        }
    }

    /// The account has failed: no other order would do better.
    pub(super) fn account_refused(&self, outcome: Outcome) -> Step {
        let pause = answer(&outcome).map(|(code, message)| account_failure(code, message));
        Step {
            pause,
            ..self.submitted(outcome)
        }
    }

    /// Only this order is at fault. A second try may end better, because the account may have failed for a moment: a refused
    /// order is submitted again, one in doubt is queried. If a later attempt is refused too, an operator decides.
    pub(super) fn order_refused(&self, outcome: Outcome) -> Step {
        let is_dated = matches!(&outcome, Outcome::NotCharged(refusal) if refusal.kind == RefusalKind::StaleDate);
        if self.record.is_first_attempt() || is_dated {
            return self.refused_for_now(outcome);
        }
        match answer(&outcome) {
            None => self.submitted(outcome),
            Some((code, message)) => Step {
                cause: Some(Cause::Answer(DoubtKind::Blocked)),
                code,
                ..self.review(alone_at_fault(message))
            },
        }
    }

    fn refused_for_now(&self, outcome: Outcome) -> Step {
        match outcome {
            Outcome::NotCharged(Refusal { code, message, .. }) => Step {
                code,
                message: Some(message),
                ..self.to(State::Waiting, Next::After(self.retry_delay()))
            },
            outcome => self.submitted(outcome),
        }
    }

    /// HitPoints did not charge the submission. A final refusal would end the order. But a refusal is unsigned and names no
    /// order, and it says nothing about an earlier attempt: a query confirms that there is no record.
    pub(super) fn refused(&self, refusal: Refusal) -> Step {
        let Refusal {
            kind,
            code,
            message,
        } = refusal;
        let step = match kind {
            RefusalKind::Final => Step {
                cause: Some(Cause::Refused),
                ..self.to(State::Uncertain, Next::After(Duration::ZERO))
            },
            RefusalKind::LowBalance => {
                let delay = self.policy.backoff.top_up(self.inputs.jitter);
                self.to(State::Waiting, Next::After(self.until_expiry(delay)))
            }
            RefusalKind::StaleDate if !self.record.had_stale_date() => {
                self.to(State::Waiting, Next::After(Duration::ZERO))
            }
            RefusalKind::NeverSent => Step {
                next: Next::After(self.retry_delay()),
                ..self.unsent(State::Waiting)
            },
            // Whether the account has failed is not known: a control call gave no answer.
            RefusalKind::StaleDate | RefusalKind::Credentials
                if self.record.state == State::Submitting =>
            {
                Step {
                    next: Next::After(self.retry_delay()),
                    ..self.released()
                }
            }
            RefusalKind::StaleDate | RefusalKind::Credentials => self.released(),
        };
        Step {
            code,
            message: Some(message),
            ..step
        }
    }

    /// The outcome is unknown: HitPoints may have charged the submission.
    pub(super) fn doubted(&self, doubt: Doubt) -> Step {
        let delay = match doubt.kind {
            DoubtKind::Exists => Duration::ZERO,
            // Nothing is gained by a longer wait: the query is made when calls are made again.
            DoubtKind::TurnedAway(asked) | DoubtKind::Throttled(asked) => {
                self.policy.backoff.slow_down(asked)
            }
            _ => self.check_delay(),
        };
        Step {
            cause: Some(Cause::Answer(doubt.kind.without_time())),
            code: doubt.code,
            message: Some(doubt.message),
            ..self.to(State::Uncertain, Next::After(delay))
        }
    }
}

/// The code and the text of an answer that charged nothing, or perhaps nothing.
fn answer(outcome: &Outcome) -> Option<(Option<i64>, &str)> {
    match outcome {
        Outcome::Charged(_) => None,
        Outcome::NotCharged(refusal) => Some((refusal.code, &refusal.message)),
        Outcome::Unknown(doubt) => Some((doubt.code, &doubt.message)),
    }
}
