use std::time::Duration;

use hp_api::{Doubt, DoubtKind, Outcome, Refusal, RefusalKind};

use crate::{
    Cause, DecisionInputs, Event, Expiry, FailReason, Millis, Policy, QueryVerdict, Record,
    Rejection, Resolution, Source, State, TerminalOutcome,
};

/// HitPoints' code for a signing date outside its window.
const STALE_DATE: i64 = 400_111;

/// What becomes of an order: applied to the ledger as a whole, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it stands now.
    pub state: State,
    /// Submissions so far.
    pub attempts: u32,
    /// Record queries so far.
    pub checks: u32,
    /// Workers that died with it in their hands.
    pub crashes: u32,
    /// When a person had it begin anew.
    pub renewed_at: Option<Millis>,
    /// Why it is in doubt, while it is.
    pub cause: Option<Cause>,
    /// Code of the last answer from HitPoints.
    pub code: Option<i64>,
    /// Text of the last answer from HitPoints, or the evidence for a person.
    pub message: Option<String>,
    /// What comes next.
    pub next: Next,
    /// Set where the trouble is the worker's own: no more orders are to be taken until somebody has seen to it.
    pub pause: Option<String>,
}

/// When an order is to be looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// After this time.
    After(Duration),
    /// When a person or a reconciliation run does.
    Review,
    /// Never: this is its result.
    End(TerminalOutcome),
}

/// Moves a claimed order on. Total: there is a step for every event in every state, and none of them charges,
/// completes or ends an order without proof.
pub fn step(record: &Record, event: Event, policy: &Policy, moment: DecisionInputs) -> Step {
    let transition = Transition {
        record,
        policy,
        moment,
    };
    if record.state.has_ended() {
        return transition.repeat(event);
    }
    match event {
        Event::Submitted(Outcome::Charged(order)) => transition.completed(order, Source::Fetch),
        Event::Submitted(Outcome::NotCharged(refusal)) => transition.refused(refusal),
        Event::Submitted(Outcome::Unknown(doubt)) => transition.doubtful(doubt),
        Event::Queried(finding) => transition.queried(finding, Source::Query),
        Event::Reconciled(finding) => transition.reconciled(finding),
        Event::Resolved(resolution, finding) => transition.resolved(resolution, finding),
        Event::Retried => transition.retried(),
        Event::Declined(rejection) => transition.declined(rejection),
        Event::Expired(limit) => transition.overdue(limit),
        Event::Released | Event::ReplayRequested => transition.released(),
        Event::BalanceHeld(delay) => transition.withheld(delay),
        Event::Panicked => transition.panicked(),
        Event::Crashed => transition.crashed(),
    }
}

struct Transition<'a> {
    record: &'a Record,
    policy: &'a Policy,
    moment: DecisionInputs,
}

impl Transition<'_> {
    /// The record as it is, in another state.
    fn to(&self, state: State, next: Next) -> Step {
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

    fn completed(&self, order: Box<hp_api::Order>, source: Source) -> Step {
        Step {
            code: None,
            message: None,
            ..self.to(
                State::Completed,
                Next::End(TerminalOutcome::Completed { order, source }),
            )
        }
    }

    fn queried(&self, finding: QueryVerdict, source: Source) -> Step {
        match finding {
            QueryVerdict::Found(order) => self.completed(order, source),
            QueryVerdict::Mismatch(mismatch) => self.review(mismatch.to_string()),
            QueryVerdict::NotFound => self.not_found(),
            QueryVerdict::Unknown(doubt) => self.still_unknown(doubt),
        }
    }

    /// What was certainly not charged keeps its time, unless the record says otherwise.
    fn reconciled(&self, finding: QueryVerdict) -> Step {
        let is_unsent = matches!(self.record.state, State::Queued | State::Waiting);
        match finding {
            QueryVerdict::NotFound if is_unsent => self.released(),
            QueryVerdict::Unknown(doubt) if is_unsent => Step {
                pause: doubt
                    .is_account_failure()
                    .then(|| trouble(doubt.code, &doubt.message)),
                ..self.released()
            },
            finding => self.queried(finding, Source::Reconcile),
        }
    }

    fn resolved(&self, resolution: Resolution, finding: QueryVerdict) -> Step {
        match (resolution, finding) {
            (Resolution::NotCharged, QueryVerdict::NotFound) if self.not_found_counts() => {
                self.failed(FailReason::Resolved, Source::Query)
            }
            (Resolution::Resubmit, QueryVerdict::NotFound)
                if self.not_found_counts() && !self.record.is_past_deadline(self.moment.now) =>
            {
                self.renewed(self.to(State::Waiting, Next::After(Duration::ZERO)))
            }
            (_, finding) => self.reconciled(finding),
        }
    }

    /// Begins anew what a person was to see to; what is certainly not charged only comes due.
    fn retried(&self) -> Step {
        match self.record.state {
            State::Review => self.renewed(self.ask_again(Duration::ZERO)),
            _ => Step {
                next: Next::After(Duration::ZERO),
                ..self.released()
            },
        }
    }

    /// As if it had just been admitted, and had harmed nobody.
    fn renewed(&self, step: Step) -> Step {
        Step {
            crashes: 0,
            renewed_at: Some(self.moment.now),
            ..step
        }
    }

    fn refused(&self, refusal: Refusal) -> Step {
        let Refusal {
            kind,
            code,
            message,
        } = refusal;
        let step = match kind {
            RefusalKind::Final if self.record.is_first_attempt() => {
                self.failed(FailReason::Refused, Source::Fetch)
            }
            RefusalKind::Final => Step {
                cause: Some(Cause::Refused),
                ..self.to(State::Uncertain, Next::After(Duration::ZERO))
            },
            RefusalKind::LowBalance => {
                let pause = self.policy.backoff.top_up(self.moment.jitter);
                self.to(State::Waiting, Next::After(self.in_time(pause)))
            }
            RefusalKind::StaleDate if self.record.code != Some(STALE_DATE) => {
                self.to(State::Waiting, Next::After(Duration::ZERO))
            }
            RefusalKind::NeverSent => Step {
                next: Next::After(self.retry_delay()),
                ..self.unsent(State::Waiting)
            },
            RefusalKind::StaleDate | RefusalKind::Credentials => Step {
                pause: Some(trouble(code, &message)),
                ..self.released()
            },
        };
        Step {
            code,
            message: Some(message),
            ..step
        }
    }

    fn doubtful(&self, doubt: Doubt) -> Step {
        let delay = if doubt.kind == DoubtKind::Exists {
            Duration::ZERO
        } else {
            self.check_delay()
        };
        Step {
            cause: Some(Cause::Answer(doubt.kind)),
            pause: doubt
                .is_account_failure()
                .then(|| trouble(doubt.code, &doubt.message)),
            code: doubt.code,
            message: Some(doubt.message),
            ..self.to(State::Uncertain, Next::After(delay))
        }
    }

    fn not_found(&self) -> Step {
        if self.record.state == State::Review {
            return self.released();
        }
        let wait = self.record.not_found_valid_in(self.policy, self.moment.now);
        match self.record.cause {
            Some(Cause::RedisRestarted) if !wait.is_zero() => self.ask_again(wait),
            _ if !wait.is_zero() => self.ask_again(self.check_delay().min(wait)),
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

    fn not_found_counts(&self) -> bool {
        let wait = self.record.not_found_valid_in(self.policy, self.moment.now);
        wait.is_zero()
    }

    fn still_unknown(&self, doubt: Doubt) -> Step {
        let pause = doubt
            .is_account_failure()
            .then(|| trouble(doubt.code, &doubt.message));
        let step = if self.record.state == State::Review {
            self.released()
        } else if self.record.age(self.moment) >= self.policy.give_up_after {
            self.review(doubt.message)
        } else {
            self.ask_again(self.check_delay())
        };
        Step { pause, ..step }
    }

    /// Keeps the doubt, and with it the answer that raised it.
    fn ask_again(&self, delay: Duration) -> Step {
        Step {
            cause: self.record.cause,
            ..self.to(State::Uncertain, Next::After(delay))
        }
    }

    fn review(&self, evidence: String) -> Step {
        Step {
            cause: self.record.cause,
            message: Some(evidence),
            ..self.to(State::Review, Next::Review)
        }
    }

    fn declined(&self, rejection: Rejection) -> Step {
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

    fn overdue(&self, limit: Expiry) -> Step {
        if self.record.state != State::Submitting {
            return self.released();
        }
        match limit {
            Expiry::Deadline => Step {
                next: Next::End(TerminalOutcome::Expired),
                ..self.unsent(State::Expired)
            },
            Expiry::GiveUp => {
                let attempts = self.record.attempts.saturating_sub(1);
                Step {
                    attempts,
                    ..self.failed(FailReason::GaveUp, Source::Worker)
                }
            }
        }
    }

    fn failed(&self, reason: FailReason, source: Source) -> Step {
        self.to(
            State::Failed,
            Next::End(TerminalOutcome::Failed { reason, source }),
        )
    }

    /// Puts back what the claim took on account of a call that was never made.
    fn released(&self) -> Step {
        match self.record.state {
            State::Submitting if self.record.is_first_attempt() => self.unsent(State::Queued),
            State::Submitting => self.unsent(State::Waiting),
            State::Review => Step {
                cause: self.record.cause,
                ..self.to(State::Review, Next::Review)
            },
            State::Uncertain => Step {
                checks: self.record.checks.saturating_sub(1),
                ..self.ask_again(self.due_in())
            },
            other => self.to(other, Next::After(self.due_in())),
        }
    }

    /// What was taken before its time keeps it.
    fn due_in(&self) -> Duration {
        let due_at = self.record.due_at.unwrap_or(self.moment.now);
        due_at.since(self.moment.now)
    }

    fn withheld(&self, delay: Duration) -> Step {
        match self.record.state {
            State::Submitting => Step {
                next: Next::After(self.in_time(delay)),
                ..self.released()
            },
            _ => self.released(),
        }
    }

    fn unsent(&self, state: State) -> Step {
        Step {
            attempts: self.record.attempts.saturating_sub(1),
            ..self.to(state, Next::After(Duration::ZERO))
        }
    }

    /// Of an order that this claim was not to send, nothing was.
    fn panicked(&self) -> Step {
        let crashes = self.record.crashes + 1;
        if !matches!(self.record.state, State::Submitting | State::Uncertain) {
            return Step {
                crashes,
                ..self.released()
            };
        }
        let cause = self.record.cause.or(Some(Cause::WorkerDied));
        Step {
            crashes,
            cause,
            ..self.to(State::Uncertain, Next::After(self.check_delay()))
        }
    }

    fn crashed(&self) -> Step {
        if self.record.state != State::Uncertain {
            return self.released();
        }
        let crashes = self.record.crashes;
        Step {
            checks: self.record.checks.saturating_sub(1),
            ..self.review(format!("{crashes} workers died while they worked on it"))
        }
    }

    /// An ended order is final: its result may be told again, never changed.
    fn repeat(&self, event: Event) -> Step {
        let record = self.record;
        let ending = match (record.state, event) {
            (
                State::Completed,
                Event::Queried(QueryVerdict::Found(order))
                | Event::Reconciled(QueryVerdict::Found(order)),
            ) => Some(TerminalOutcome::Completed {
                order,
                source: Source::Query,
            }),
            (State::Failed, Event::ReplayRequested) => record
                .failed
                .map(|(reason, source)| TerminalOutcome::Failed { reason, source }),
            (State::Rejected, Event::ReplayRequested) => {
                record.rejected.map(TerminalOutcome::Rejected)
            }
            (State::Expired, Event::ReplayRequested) => Some(TerminalOutcome::Expired),
            _ => None,
        };
        let again = || {
            let times = u32::try_from(record.claim).unwrap_or(u32::MAX);
            Next::After(self.policy.backoff.check(times, self.moment.jitter))
        };
        self.to(record.state, ending.map_or_else(again, Next::End))
    }

    fn check_delay(&self) -> Duration {
        self.policy
            .backoff
            .check(self.record.checks + 1, self.moment.jitter)
    }

    /// The pause before the next try.
    fn retry_delay(&self) -> Duration {
        let backoff = self.policy.backoff;
        self.in_time(backoff.retry(self.record.claim, self.moment.jitter))
    }

    /// A pause, cut short where a deadline is to be kept.
    fn in_time(&self, delay: Duration) -> Duration {
        let give_up = self.record.begun_at().plus(self.policy.give_up_after);
        let limit = self
            .record
            .deadline
            .map_or(give_up, |deadline| deadline.min(give_up));
        delay.min(limit.since(self.moment.now).max(Duration::from_millis(1)))
    }
}

fn trouble(code: Option<i64>, message: &str) -> String {
    match code {
        Some(code) => format!("HitPoints answered {code}: {message}"),
        None => message.to_owned(),
    }
}
