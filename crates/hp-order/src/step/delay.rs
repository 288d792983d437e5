use std::time::Duration;

use super::transition::Transition;

impl Transition<'_> {
    /// The delay before the next record query.
    pub(super) fn check_delay(&self) -> Duration {
        self.policy
            .backoff
            .check(self.record.checks + 1, self.inputs.jitter)
    }

    /// The delay before the next attempt.
    pub(super) fn retry_delay(&self) -> Duration {
        let backoff = self.policy.backoff;
        self.until_expiry(backoff.retry(self.record.claim, self.inputs.jitter))
    }

    /// Shortens a delay so that the order is due when its time limit passes.
    pub(super) fn until_expiry(&self, delay: Duration) -> Duration {
        let limit = self.record.submittable_until(self.policy);
        delay.min(limit.since(self.inputs.now).max(Duration::from_millis(1)))
    }

    /// An order that was claimed before it was due keeps its time.
    pub(super) fn due_in(&self) -> Duration {
        let due_at = self.record.due_at.unwrap_or(self.inputs.now);
        due_at.since(self.inputs.now)
    }
}
