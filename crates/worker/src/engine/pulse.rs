//! Whether the loop that is the purpose of this process goes on: the poller of a worker, or the scheduler of reconciliation
//! runs.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, timeout};

/// How often a round is noted during a wait that may be long.
const TICK: Duration = Duration::from_secs(5);

/// Notes the rounds of one loop. The loop owns it and there is only one, so no other task can make a stuck loop look alive. A
/// loop that ends without [`drain`](Self::drain) drops it, and then counts as stopped.
pub(crate) struct Pulse(Arc<Shared>);

/// What a [`Pulse`] has noted.
#[derive(Clone)]
pub(crate) struct Rounds(Arc<Shared>);

struct Shared {
    limit: Duration,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
enum State {
    /// The time of the last round.
    Running(Instant),
    /// The loop has ended on request. The process ends by this time.
    Draining(Instant),
    Stopped,
}

/// Why a loop is not alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stuck {
    #[error("no round for {}s. It hangs: restart the process", .0.as_secs())]
    NoRound(Duration),
    #[error("it has ended, but the process has not. Kill the process")]
    StillThere,
    #[error("it has ended without a request. Restart the process")]
    Stopped,
}

impl Pulse {
    /// Creates the pulse of a loop whose rounds take no longer than `limit`. The first round begins now.
    pub(crate) fn new(limit: Duration) -> Self {
        Self(Arc::new(Shared {
            limit,
            state: Mutex::new(State::Running(Instant::now())),
        }))
    }

    /// Returns what reads it.
    pub(crate) fn rounds(&self) -> Rounds {
        Rounds(Arc::clone(&self.0))
    }

    /// Notes that a round is complete.
    pub(crate) fn note_round(&self) {
        *self.0.state() = State::Running(Instant::now());
    }

    /// Waits for something that may take any time, and notes rounds meanwhile. Only for waits that the loop itself does not
    /// limit, such as the one for a free slot.
    pub(crate) async fn wait_for<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            self.note_round();
            if let Ok(done) = timeout(TICK, work.as_mut()).await {
                return done;
            }
        }
    }

    /// Notes that the loop ends on request, and that the process ends within this time.
    pub(crate) fn drain(&self, longest: Duration) {
        *self.0.state() = State::Draining(Instant::now() + longest);
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if let State::Running(_) = *state {
            *state = State::Stopped;
        }
    }
}

impl Rounds {
    /// Fails if the loop is not alive.
    pub(crate) fn check(&self) -> Result<(), Stuck> {
        let now = Instant::now();
        match *self.0.state() {
            State::Running(last) => match now.duration_since(last) {
                passed if passed > self.0.limit => Err(Stuck::NoRound(passed)),
                _ => Ok(()),
            },
            State::Draining(until) if now > until => Err(Stuck::StillThere),
            State::Draining(_) => Ok(()),
            State::Stopped => Err(Stuck::Stopped),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::advance;

    use super::*;

    const LIMIT: Duration = Duration::from_mins(1);
    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn loop_without_rounds_is_stuck() {
        let pulse = Pulse::new(LIMIT);
        let rounds = pulse.rounds();
        advance(LIMIT).await;
        assert_eq!(rounds.check(), Ok(()));
        advance(SECOND).await;
        assert_eq!(rounds.check(), Err(Stuck::NoRound(LIMIT + SECOND)));
        pulse.note_round();
        assert_eq!(rounds.check(), Ok(()), "it goes on");
    }

    #[tokio::test(start_paused = true)]
    async fn long_wait_of_the_loop_is_alive() {
        let pulse = Pulse::new(LIMIT);
        let rounds = pulse.rounds();
        tokio::select! {
            () = pulse.wait_for(pending()) => {}
            () = tokio::time::sleep(LIMIT * 60) => {}
        }
        assert_eq!(rounds.check(), Ok(()));
        advance(LIMIT + SECOND).await;
        assert!(rounds.check().is_err(), "the wait is over");
    }

    #[tokio::test(start_paused = true)]
    async fn loop_may_end_only_on_request() {
        let pulse = Pulse::new(LIMIT);
        let rounds = pulse.rounds();
        drop(pulse);
        assert_eq!(rounds.check(), Err(Stuck::Stopped));

        let pulse = Pulse::new(LIMIT);
        let rounds = pulse.rounds();
        pulse.drain(LIMIT * 5);
        drop(pulse);
        advance(LIMIT * 5).await;
        assert_eq!(rounds.check(), Ok(()));
        advance(SECOND).await;
        assert_eq!(rounds.check(), Err(Stuck::StillThere));
    }
}
