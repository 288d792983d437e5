use hp_queue::{Claim, Control, Handle, Ledger};
use proptest::{prop_assert, test_runner::TestCaseError};

use super::Queue;
use crate::books::{Doubts, Epoch, Known, Life};

pub(super) struct Worker {
    pub(super) ledger: Ledger,
    pub(super) control: Control,
    pub(super) known: Option<Known>,
}

#[derive(Clone)]
pub(super) struct Held {
    pub(super) worker: usize,
    pub(super) claimed: Claim,
    pub(super) life: Life,
}

impl Queue {
    /// One that remembers nothing.
    pub(super) fn new_worker(&self) -> Worker {
        let prefix = self.prefix.parse().unwrap();
        let handle = Handle::open(&self.client, &prefix);
        Worker {
            ledger: Ledger::new(handle.clone(), self.rules),
            control: Control::new(handle, self.rules),
            known: None,
        }
    }

    /// Whatever the rule: who knows a take that Redis does not makes it doubt for long.
    pub(super) fn remembers(&mut self, worker: usize) -> Result<Epoch, TestCaseError> {
        let (epoch, history) = (self.books.epoch.unwrap(), &self.books.history);
        let latest = history.last().copied();
        let life = epoch.life;
        let takes = epoch.takes;
        let known = Known {
            life,
            takes,
            latest,
        };
        let before = self.workers[worker].known.replace(known);
        let known = before.and_then(|known| known.latest);
        let is_forgotten = known.is_some_and(|known| !history.contains(&known));
        prop_assert!(
            !is_forgotten || epoch.life.is_lossy || epoch.doubts == Doubts::OfBefore,
            "a loss that nobody noticed"
        );
        Ok(epoch)
    }
}
