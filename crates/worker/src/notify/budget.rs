use std::time::Duration;

/// The most messages of one group at once. More events than that become one message.
pub(super) const HANDFUL: usize = 5;
/// The time after which one more message is free: so there are five a minute.
const REFILL: Duration = Duration::from_secs(12);
const FULL: Duration = Duration::from_mins(1);

/// How many messages of a group may be sent now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Budget {
    /// The time up to which the budget is spent.
    spent_until: Duration,
}

impl Budget {
    /// How many messages may be sent now.
    pub(super) fn free(self, now: Duration) -> usize {
        let spent = self.spent_until.saturating_sub(now);
        let free = FULL.saturating_sub(spent).as_millis() / REFILL.as_millis();
        usize::try_from(free).unwrap_or(HANDFUL).min(HANDFUL)
    }

    /// When a message may be sent.
    pub(super) fn free_at(self, now: Duration) -> Duration {
        (self.spent_until + REFILL).saturating_sub(FULL).max(now)
    }

    pub(super) fn spend(&mut self, now: Duration) {
        self.spent_until = self.spent_until.max(now) + REFILL;
    }

    pub(super) fn is_full(self, now: Duration) -> bool {
        self.spent_until <= now
    }
}
