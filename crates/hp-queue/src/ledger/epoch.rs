use std::{sync::Arc, time::Duration};

use hp_order::{Cause, Millis, Record};

use crate::{error::QueueError, fields::FieldReader};

/// Within this time after a restart every living worker has reported its watermark: each does so every two seconds.
const WATERMARKS_REPORTED_WITHIN: Duration = Duration::from_secs(15);

/// What is added to the time for which an old master accepts writes: it notices a lost replica by a timer.
const OLD_MASTER_MARGIN: Duration = Duration::from_secs(5);

/// The present life of Redis, as a script observed it.
pub(super) struct Epoch {
    pub(super) id: Arc<str>,
    /// When it began, in steady time. Zero if the queue is new and Redis can have forgotten nothing.
    pub(super) since: Millis,
    /// It began with the promotion of a replica, so the old master may still accept writes.
    is_promoted: bool,
    /// The steady time now: a clock that is set cannot make it faster.
    steady: Millis,
}

/// How long a request may be on its way that Redis has forgotten.
#[derive(Clone, Copy)]
pub(super) struct DoubtTimes {
    /// The lease of the claim.
    pub(super) lease: Duration,
    /// The longest time that a worker may process one order: its lease and a call.
    pub(super) longest_processing: Duration,
    /// See [`Policy::resubmit_after`](hp_order::Policy::resubmit_after).
    pub(super) resubmit_after: Duration,
    /// For how long an old master accepts writes after the promotion of its replica. `None`: without limit, as far as is
    /// known.
    pub(super) old_master: Option<Duration>,
}

impl DoubtTimes {
    /// For how long after a promotion the old master may give out claims.
    pub(super) fn old_master(&self) -> Duration {
        self.old_master
            .map_or(self.resubmit_after, |time| time + OLD_MASTER_MARGIN)
    }
}

impl Epoch {
    pub(super) fn read(answer: &FieldReader<'_>) -> Result<Self, QueueError> {
        let id: String = answer.answer("epoch")?;
        Ok(Self {
            id: id.into(),
            since: Millis(answer.answer("epoch_since")?),
            is_promoted: answer.text("epoch_promoted").is_some(),
            steady: Millis(answer.answer("steady")?),
        })
    }

    /// Returns the time by Redis' clock at which it will be `steady`, if the clock is not set until then.
    pub(super) fn by_clock(&self, now: Millis, steady: Millis) -> Millis {
        now.plus(steady.since(self.steady))
    }

    /// Returns until when the last submission of an order may arrive. Redis stores this as the steady time that follows
    /// `submitted_at`.
    pub(super) fn arrives_until(
        &self,
        fields: &FieldReader<'_>,
        record: &Record,
        now: Millis,
        times: DoubtTimes,
    ) -> Result<Option<Millis>, String> {
        let Some(submitted_at) = record.submitted_at else {
            return Ok(None);
        };
        let within: Option<i64> = fields.parse("arrives_within")?;
        let until = match within {
            Some(within) => Millis(submitted_at.0.saturating_add_signed(within)),
            // A new order that this claim submits.
            None => return Ok(Some(submitted_at.plus(times.resubmit_after))),
        };
        Ok(Some(self.by_clock(now, until)))
    }

    /// Returns from which steady time on "not found" counts for an order whose doubt began at `restarted_at`.
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
            self.short_wait(times)
        } else if self.is_promoted {
            times.old_master() + times.resubmit_after
        } else {
            times.resubmit_after
        })
    }

    /// The time within which each worker reports a loss, and after a promotion the last request under a claim of the old
    /// master is answered.
    fn short_wait(&self, times: DoubtTimes) -> Duration {
        let reported = times.lease.max(WATERMARKS_REPORTED_WITHIN);
        let reported = reported.min(times.resubmit_after);
        match times.old_master {
            _ if !self.is_promoted => reported,
            Some(_) => reported.max(times.old_master() + times.longest_processing.max(times.lease)),
            None => times.resubmit_after,
        }
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
        longest_processing: Duration::from_secs(30),
        resubmit_after: Duration::from_mins(5),
        old_master: None,
    };

    fn epoch(id: &str) -> Epoch {
        Epoch {
            id: id.into(),
            since: Millis(1000),
            is_promoted: false,
            steady: Millis(1000),
        }
    }

    fn waits(epoch: &Epoch, restarted_at: u64, cause: Cause, times: DoubtTimes) -> u64 {
        let restarted_at = Millis(restarted_at);
        let valid = epoch.not_found_valid_from(restarted_at, Some(cause), times);
        valid.since(restarted_at).as_secs()
    }

    #[test]
    fn doubt_is_short_only_while_no_loss_is_known() {
        let (epoch, marked) = (epoch("server@1000"), epoch("server@1000!"));
        assert_eq!(waits(&epoch, 1000, Cause::RedisRestarted, TIMES), 20);
        assert_eq!(waits(&marked, 1000, Cause::RedisRestarted, TIMES), 300);
        assert_eq!(waits(&epoch, 999, Cause::RedisRestarted, TIMES), 300);
        assert_eq!(waits(&epoch, 1000, Cause::WorkerDied, TIMES), 300);
    }

    #[test]
    fn doubt_after_promotion_covers_the_old_master() {
        let epoch = Epoch {
            is_promoted: true,
            ..epoch("server@1000")
        };
        let bounded = |seconds| DoubtTimes {
            old_master: Some(Duration::from_secs(seconds)),
            ..TIMES
        };
        assert_eq!(waits(&epoch, 1000, Cause::RedisRestarted, TIMES), 300);
        assert_eq!(waits(&epoch, 1000, Cause::RedisRestarted, bounded(10)), 45);
        assert_eq!(waits(&epoch, 1000, Cause::RedisRestarted, bounded(2)), 37);
        assert_eq!(waits(&epoch, 1000, Cause::WorkerDied, bounded(10)), 315);
        assert_eq!(waits(&epoch, 1000, Cause::WorkerDied, TIMES), 600);
    }

    #[test]
    fn clock_shows_how_much_steady_time_is_left() {
        let epoch = epoch("server@1000");
        assert_eq!(epoch.by_clock(Millis(50_000), Millis(1400)), Millis(50_400));
        assert_eq!(epoch.by_clock(Millis(50_000), Millis(900)), Millis(50_000));
    }
}
