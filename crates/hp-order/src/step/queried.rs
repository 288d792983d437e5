use std::time::Duration;

use hp_api::{Doubt, DoubtKind};

use super::transition::{Next, Step, Transition, account_failure, alone_at_fault};
use crate::{
    event::QueryVerdict,
    state::{Cause, State},
    terminal_outcome::{FailReason, Source},
};

impl Transition<'_> {
    pub(super) fn queried(&self, verdict: QueryVerdict, source: Source) -> Step {
        match verdict {
            QueryVerdict::Found(order) => self.charged(order, source),
            QueryVerdict::Mismatch(mismatch) => self.review(mismatch.to_string()),
            QueryVerdict::NotFound => self.not_found(),
            QueryVerdict::Unknown(doubt) => self.still_unknown(doubt),
            QueryVerdict::AccountRefused(doubt) => Step {
                pause: Some(account_failure(doubt.code, &doubt.message)),
                ..self.still_unknown(doubt)
            },
            QueryVerdict::OrderRefused(doubt) => self.not_answerable(&doubt),
        }
    }

    /// An order that is certainly not charged keeps its time, unless HitPoints has a record of it.
    pub(super) fn reconciled(&self, verdict: QueryVerdict) -> Step {
        let is_unsent = self.record.state.is_unsent();
        match verdict {
            QueryVerdict::NotFound | QueryVerdict::Unknown(_) | QueryVerdict::OrderRefused(_)
                if is_unsent =>
            {
                self.released()
            }
            QueryVerdict::AccountRefused(doubt) if is_unsent => Step {
                pause: Some(account_failure(doubt.code, &doubt.message)),
                ..self.released()
            },
            verdict => self.queried(verdict, Source::Reconcile),
        }
    }

    fn not_found(&self) -> Step {
        if self.record.state == State::Review {
            return self.released();
        }
        // No request of these orders is expected to arrive late, so earlier queries would hardly find another answer.
        let is_one_query_enough = matches!(
            self.record.cause,
            Some(
                Cause::RedisRestarted
                    | Cause::Answer(DoubtKind::TurnedAway(_) | DoubtKind::Throttled(_))
            )
        );
        let valid_in = self.not_found_valid_in();
        if !valid_in.is_zero() {
            return self.query_after(if is_one_query_enough {
                valid_in
            } else {
                self.check_delay().min(valid_in)
            });
        }
        match self.record.cause {
            // The submission that Redis might have forgotten was never made.
            Some(Cause::RedisRestarted) if self.record.is_first_attempt() => {
                self.unsent(State::Queued)
            }
            Some(Cause::RedisRestarted) => self.unsent(State::Waiting),
            Some(Cause::Refused) => self.failed(FailReason::Refused, Source::Query),
            Some(Cause::Answer(DoubtKind::Exists)) => {
                self.review("HitPoints says that the id exists, but has no record of it".into())
            }
            _ => self.to(State::Waiting, Next::After(Duration::ZERO)),
        }
    }

    pub(super) fn not_found_valid_in(&self) -> Duration {
        self.record.not_found_valid_in(self.inputs.now)
    }

    fn still_unknown(&self, doubt: Doubt) -> Step {
        if self.record.state == State::Review {
            self.released()
        } else if self.record.is_too_old(self.policy, self.inputs.now) {
            self.review(doubt.message)
        } else {
            self.query_after(match doubt.kind {
                DoubtKind::TurnedAway(asked) | DoubtKind::Throttled(asked) => {
                    self.policy.backoff.slow_down(asked)
                }
                _ => self.check_delay(),
            })
        }
    }

    /// HitPoints answers queries, but not the query for this order. Only an operator can learn its outcome.
    fn not_answerable(&self, doubt: &Doubt) -> Step {
        if self.record.state == State::Review {
            return self.released();
        }
        Step {
            code: doubt.code.or(self.record.code),
            ..self.review(alone_at_fault(&doubt.message))
        }
    }
}
