use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hp_queue::QueueError;
use tokio::time::Instant;

/// The codes with which Redis refuses every write.
const REFUSALS: [&str; 4] = ["MISCONF", "NOREPLICAS", "OOM", "READONLY"];

/// An older answer says nothing about now. The process reads the terms of the queue every two seconds.
const RECENT: Duration = Duration::from_secs(5);

/// Whether Redis answers and accepts writes, as the last read of the queue's terms, the last claim and the last heartbeat have
/// found. So a health check needs no call of its own.
#[derive(Debug, Default)]
pub(crate) struct QueueContact {
    last: Mutex<Last>,
    /// Why Redis has refused the last write, if it has.
    refused_write: Mutex<Option<String>>,
}

#[derive(Debug, Default)]
struct Last {
    answered: Option<Instant>,
    /// Why the last call failed, if it did.
    failure: Option<String>,
}

impl QueueContact {
    /// Notes that Redis has answered.
    pub(crate) fn note_answer(&self) {
        *lock(&self.last) = Last {
            answered: Some(Instant::now()),
            failure: None,
        };
    }

    /// Notes that a call has failed.
    pub(crate) fn note_failure(&self, error: &impl ToString) {
        lock(&self.last).failure = Some(error.to_string());
    }

    /// Notes that Redis has accepted a write.
    pub(crate) fn note_write(&self) {
        *lock(&self.refused_write) = None;
    }

    /// Notes why a write has failed, if Redis has refused it as it refuses every write. It may answer reads.
    pub(crate) fn note_failed_write(&self, error: &QueueError) {
        if error.code().is_some_and(|code| REFUSALS.contains(&code)) {
            *lock(&self.refused_write) = Some(error.to_string());
        }
    }

    /// Fails with the reason if Redis does not answer or refuses writes.
    pub(crate) fn check(&self) -> Result<(), String> {
        let last = lock(&self.last);
        if let Some(failure) = &last.failure {
            return Err(failure.clone());
        }
        match last.answered.map(|at| at.elapsed()) {
            None => Err("no answer yet".into()),
            Some(passed) if passed > RECENT => Err(format!("no answer for {}s", passed.as_secs())),
            Some(_) => match &*lock(&self.refused_write) {
                Some(refusal) => Err(refusal.clone()),
                None => Ok(()),
            },
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_a_recent_answer_counts() {
        let contact = QueueContact::default();
        assert_eq!(contact.check(), Err("no answer yet".into()));
        contact.note_answer();
        advance(RECENT).await;
        assert_eq!(contact.check(), Ok(()));
        advance(Duration::from_secs(2)).await;
        assert_eq!(contact.check(), Err("no answer for 7s".into()));
        contact.note_failure(&"gone");
        assert_eq!(contact.check(), Err("gone".into()));
        contact.note_answer();
        assert_eq!(contact.check(), Ok(()));
    }
}
