use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// When the first of the orders is due that this process has rescheduled since its last claim request. So it needs no claim
/// to learn that.
#[derive(Debug, Default)]
pub(crate) struct Rescheduled {
    first_due: Mutex<Option<Instant>>,
    changed: Notify,
}

impl Rescheduled {
    /// Remembers that an order is due after this time.
    pub(crate) fn note(&self, due_in: Duration) {
        let due = Instant::now() + due_in;
        self.with(|first| *first = Some(first.map_or(due, |first| first.min(due))));
        self.changed.notify_one();
    }

    /// Forgets all orders: the answer to a claim request that is sent now says when the first one is due.
    pub(crate) fn forget(&self) {
        self.with(|first| *first = None);
    }

    /// Returns when the first of the orders is due, if there is one.
    pub(crate) fn first_due(&self) -> Option<Instant> {
        self.with(|first| *first)
    }

    /// Waits for the next call of [`note`](Self::note).
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn with<T>(&self, act: impl FnOnce(&mut Option<Instant>) -> T) -> T {
        act(&mut self
            .first_due
            .lock()
            .unwrap_or_else(PoisonError::into_inner))
    }
}
