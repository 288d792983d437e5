use std::{pin::Pin, time::Duration};

use hp_queue::{Inbox, QueueError};
use tokio::time::{Instant, sleep_until};

/// The wait for an entry of the inbox. It blocks a connection, so it is never dropped: it goes on while the worker claims.
pub(super) struct InboxWait {
    waiting: Waiting,
    /// The same inbox, without a connection.
    unconnected: Inbox,
    /// No wait begins before this time.
    paused_until: Option<Instant>,
    is_sent: bool,
    is_old: bool,
}

type Waiting = Pin<Box<dyn Future<Output = (Inbox, Result<bool, QueueError>)> + Send>>;

/// What a wait has ended with.
pub(super) enum Arrival {
    /// An entry. `is_old`: a claim that was sent meanwhile may have taken it.
    Entry { is_old: bool },
    /// No entry for some seconds.
    None,
    /// The inbox cannot be watched.
    Failed(QueueError),
}

impl InboxWait {
    pub(super) fn new(inbox: Inbox) -> Self {
        Self {
            unconnected: inbox.unconnected(),
            waiting: wait(inbox),
            paused_until: None,
            is_sent: false,
            is_old: false,
        }
    }

    /// Notes that a claim request is sent now.
    pub(super) const fn before_claim(&mut self) {
        self.is_old = self.is_sent;
    }

    /// Waits on another connection from now on.
    pub(super) fn reconnect(&mut self) {
        *self = Self::new(self.unconnected.unconnected());
    }

    /// Begins no wait for this time.
    pub(super) fn pause(&mut self, time: Duration) {
        self.paused_until = Some(Instant::now() + time);
    }

    /// Waits for an entry, for some seconds. May be dropped: the next call goes on with the same wait.
    pub(super) async fn next(&mut self) -> Arrival {
        if let Some(until) = self.paused_until {
            sleep_until(until).await;
            self.paused_until = None;
        }
        self.is_sent = true;
        let (inbox, waited) = (&mut self.waiting).await;
        let is_old = self.is_old;
        *self = Self::new(inbox);
        match waited {
            Ok(true) => Arrival::Entry { is_old },
            Ok(false) => Arrival::None,
            Err(error) => Arrival::Failed(error),
        }
    }
}

/// The longest wait. After it, the connection is known to work.
const LONGEST: Duration = Duration::from_secs(5);

fn wait(mut inbox: Inbox) -> Waiting {
    Box::pin(async move {
        let waited = inbox.wait(LONGEST).await;
        (inbox, waited)
    })
}
