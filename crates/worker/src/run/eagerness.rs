use std::time::Duration;

/// How fast this worker reacts when orders are there for all workers.
///
/// Redis wakes every worker that waits for the same entry, and all workers know when an order is due. One of them is enough.
/// So the worker that got orders last is eager and claims at once. A worker that came too late is patient: it waits a
/// moment, looks whether something is still there, and only then claims. If it gets something, the eager worker is dead,
/// full or paused, and the patient one is eager from now on. Nobody needs to know who the others are.
#[derive(Debug)]
pub(super) struct Eagerness {
    is_eager: bool,
}

/// What the last wait has ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    /// Orders seemed to be there: an entry in the inbox, or an order that was due.
    Orders,
    /// The time had come from which a call permit was expected.
    Permit,
    /// Anything else.
    Other,
}

/// What a claim has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Orders or entries.
    Orders,
    /// Nothing, although orders could be claimed.
    Nothing,
    /// Nothing, because there was no call permit.
    NoPermit,
    /// Nothing, because the queue is paused.
    Paused,
}

/// The more workers there are, the longer each waits: so their looks cost Redis about the same.
const PER_WORKER: Duration = Duration::from_millis(40);
/// The longest patience for an entry, before the jitter that adds a quarter of it at most.
const LONGEST: Duration = Duration::from_millis(400);
/// The same for an order that is due.
const LONGEST_FOR_DUE: Duration = Duration::from_millis(200);

impl Eagerness {
    pub(super) const fn new() -> Self {
        Self { is_eager: true }
    }

    /// Learns from a claim. A worker without others stays eager.
    pub(super) fn learn(&mut self, wake: Wake, outcome: Outcome, others: usize) {
        match (outcome, wake) {
            (Outcome::Orders, _) => self.is_eager = true,
            (Outcome::Nothing, Wake::Orders | Wake::Permit) | (Outcome::NoPermit, Wake::Permit)
                if others > 0 =>
            {
                self.is_eager = false;
            }
            _ => {}
        }
    }

    /// `true` if this worker claims at once.
    pub(super) const fn is_eager(&self, others: usize) -> bool {
        self.is_eager || others == 0
    }

    /// How long this worker waits before it looks for an entry, and for an order that is due. `jitter` is from 0 to 1.
    pub(super) fn patience(&self, others: usize, jitter: f64) -> (Duration, Duration) {
        if self.is_eager(others) {
            return (Duration::ZERO, Duration::ZERO);
        }
        let others = u32::try_from(others).unwrap_or(u32::MAX);
        let patience = PER_WORKER.saturating_mul(others);
        let jittered = |longest: Duration| patience.min(longest).mul_f64(0.75 + jitter / 2.0);
        (jittered(LONGEST), jittered(LONGEST_FOR_DUE))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Eagerness, Outcome, Wake};

    #[test]
    fn worker_that_comes_too_late_is_patient() {
        let mut worker = Eagerness::new();
        worker.learn(Wake::Other, Outcome::Nothing, 3);
        worker.learn(Wake::Orders, Outcome::NoPermit, 3);
        worker.learn(Wake::Permit, Outcome::Paused, 3);
        assert!(worker.is_eager(3));
        worker.learn(Wake::Orders, Outcome::Nothing, 3);
        assert!(!worker.is_eager(3));
        worker.learn(Wake::Other, Outcome::Orders, 3);
        assert!(worker.is_eager(3));
    }

    #[test]
    fn worker_without_others_is_eager() {
        let mut worker = Eagerness::new();
        worker.learn(Wake::Orders, Outcome::Nothing, 0);
        assert!(worker.is_eager(3));
        worker.learn(Wake::Orders, Outcome::Nothing, 1);
        assert!(worker.is_eager(0), "the other one has gone");
        assert_eq!(worker.patience(0, 0.9), (Duration::ZERO, Duration::ZERO));
    }

    #[test]
    fn patience_grows_with_workers_and_has_a_limit() {
        let mut worker = Eagerness::new();
        worker.learn(Wake::Orders, Outcome::Nothing, 1);
        let ms = |(entry, due): (Duration, Duration)| (entry.as_millis(), due.as_millis());
        assert_eq!(ms(worker.patience(1, 0.0)), (30, 30));
        assert_eq!(ms(worker.patience(1, 1.0)), (50, 50));
        assert_eq!(ms(worker.patience(7, 0.5)), (280, 200));
        assert_eq!(ms(worker.patience(usize::MAX, 1.0)), (500, 250));
    }
}
