use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// An older answer says nothing about now. The process reads the terms of the queue every two seconds.
const RECENT: Duration = Duration::from_secs(5);

/// Whether Redis answers, as the last read of the queue's terms has found. So a health check needs no call of its own.
#[derive(Debug, Default)]
pub(crate) struct QueueContact(Mutex<Last>);

#[derive(Debug, Default)]
struct Last {
    answered: Option<Instant>,
    /// Why the last call failed, if it did.
    failure: Option<String>,
}

impl QueueContact {
    /// Notes that Redis has answered.
    pub(crate) fn note_answer(&self) {
        *self.last() = Last {
            answered: Some(Instant::now()),
            failure: None,
        };
    }

    /// Notes that a call has failed.
    pub(crate) fn note_failure(&self, error: &impl ToString) {
        self.last().failure = Some(error.to_string());
    }

    /// Fails with the reason if Redis does not answer.
    pub(crate) fn check(&self) -> Result<(), String> {
        let last = self.last();
        if let Some(failure) = &last.failure {
            return Err(failure.clone());
        }
        match last.answered.map(|at| at.elapsed()) {
            None => Err("no answer yet".into()),
            Some(passed) if passed > RECENT => Err(format!("no answer for {}s", passed.as_secs())),
            Some(_) => Ok(()),
        }
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
