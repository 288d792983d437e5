use std::{sync::Arc, time::Duration};

use hp_order::{Cause, Millis};

use crate::{error::QueueError, fields::FieldReader};

/// Within this time after a restart every living worker has reported its watermark: each does so every two seconds.
const WATERMARKS_REPORTED_WITHIN: Duration = Duration::from_secs(15);

/// The present life of Redis, as a script observed it.
pub(super) struct Epoch {
    pub(super) id: Arc<str>,
    /// When it began. Zero if the queue is new and Redis can have forgotten nothing.
    pub(super) since: Millis,
}

/// How long a request may be on its way that Redis has forgotten.
#[derive(Clone, Copy)]
pub(super) struct DoubtTimes {
    /// The lease of the claim.
    pub(super) lease: Duration,
    /// See [`Policy::resubmit_after`](hp_order::Policy::resubmit_after).
    pub(super) resubmit_after: Duration,
}

impl Epoch {
    pub(super) fn read(answer: &FieldReader<'_>) -> Result<Self, QueueError> {
        let id: String = answer.answer("epoch")?;
        Ok(Self {
            id: id.into(),
            since: Millis(answer.answer("epoch_since")?),
        })
    }

    /// Returns from when on "not found" counts for an order whose doubt began at `restarted_at`.
    ///
    /// An order that seems never sent is in doubt only because Redis may have lost writes. So it waits only until a worker
    /// would have reported a loss, if none has.
    pub(super) fn not_found_valid_from(
        &self,
        restarted_at: Millis,
        cause: Option<Cause>,
        times: DoubtTimes,
    ) -> Millis {
        let seems_unsent = cause == Some(Cause::RedisRestarted);
        let may_be_reported = restarted_at == self.since && !self.has_lost_writes();
        restarted_at.plus(if seems_unsent && may_be_reported {
            times
                .lease
                .max(WATERMARKS_REPORTED_WITHIN)
                .min(times.resubmit_after)
        } else {
            times.resubmit_after
        })
    }

    /// The scripts mark the id when a worker proves a loss.
    fn has_lost_writes(&self) -> bool {
        self.id.ends_with('!')
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hp_order::{Cause, Millis};

    use super::{DoubtTimes, Epoch};

    const TIMES: DoubtTimes = DoubtTimes {
        lease: Duration::from_secs(20),
        resubmit_after: Duration::from_mins(5),
    };

    fn waits(id: &str, restarted_at: u64, cause: Cause) -> u64 {
        let epoch = Epoch {
            id: id.into(),
            since: Millis(1000),
        };
        let restarted_at = Millis(restarted_at);
        let valid = epoch.not_found_valid_from(restarted_at, Some(cause), TIMES);
        valid.since(restarted_at).as_secs()
    }

    #[test]
    fn doubt_is_short_only_while_no_loss_is_known() {
        assert_eq!(waits("server@1000", 1000, Cause::RedisRestarted), 20);
        assert_eq!(waits("server@1000!", 1000, Cause::RedisRestarted), 300);
        assert_eq!(waits("server@1000", 999, Cause::RedisRestarted), 300);
        assert_eq!(waits("server@1000", 1000, Cause::WorkerDied), 300);
    }
}
