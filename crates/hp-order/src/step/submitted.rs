use std::time::Duration;

use hp_api::{Doubt, DoubtKind, Refusal, RefusalKind};

use super::transition::{Next, Step, Transition, account_failure, pause_reason};
use crate::state::{Cause, State};

impl Transition<'_> {
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
            RefusalKind::StaleDate if !self.had_stale_date() => {
                self.to(State::Waiting, Next::After(Duration::ZERO))
            }
            RefusalKind::NeverSent => Step {
                next: Next::After(self.retry_delay()),
                ..self.unsent(State::Waiting)
            },
            RefusalKind::StaleDate | RefusalKind::Credentials => Step {
                pause: Some(account_failure(code, &message)),
                ..self.released()
            },
        };
        Step {
            code,
            message: Some(message),
            ..step
        }
    }

    /// A second stale date in a row shows that the worker's clock is wrong.
    fn had_stale_date(&self) -> bool {
        self.record.code.and_then(RefusalKind::from_code) == Some(RefusalKind::StaleDate)
    }

    /// The outcome is unknown: HitPoints may have charged the submission.
    pub(super) fn doubted(&self, doubt: Doubt) -> Step {
        let delay = match doubt.kind {
            DoubtKind::Exists => Duration::ZERO,
            // Nothing is gained by a longer wait: the query is made when calls are made again.
            DoubtKind::Throttled(asked) => self.policy.backoff.slow_down(asked),
            _ => self.check_delay(),
        };
        Step {
            cause: Some(Cause::Answer(doubt.kind.without_time())),
            pause: pause_reason(&doubt),
            code: doubt.code,
            message: Some(doubt.message),
            ..self.to(State::Uncertain, Next::After(delay))
        }
    }
}
