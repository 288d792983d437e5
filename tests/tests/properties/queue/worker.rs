use hp_queue::{Claim, Control, Handle, Ledger};
use proptest::{prop_assert, test_runner::TestCaseError};

use super::Queue;
use crate::reference::{AdmissionDoubt, Epoch, EpochName, Watermark};

pub(super) struct Worker {
    pub(super) ledger: Ledger,
    pub(super) control: Control,
    pub(super) known: Option<Watermark>,
}

#[derive(Clone)]
pub(super) struct HeldClaim {
    pub(super) worker: usize,
    pub(super) claimed: Claim,
    pub(super) epoch: EpochName,
}

impl Queue {
    /// A worker without a watermark.
    pub(super) fn new_worker(&self) -> Worker {
        let prefix = self.prefix.parse().unwrap();
        let handle = Handle::open(&self.client, &prefix);
        Worker {
            ledger: Ledger::new(handle.clone(), self.rules),
            control: Control::new(handle, self.rules),
            known: None,
        }
    }

    /// A worker that knows a claim that Redis has forgotten makes Redis doubt for long, whatever the rule.
    pub(super) fn remembers(&mut self, worker: usize) -> Result<Epoch, TestCaseError> {
        let (epoch, history) = (self.reference.epoch.unwrap(), &self.reference.history);
        let latest = history.last().copied();
        let known = Watermark {
            epoch: epoch.name,
            claims: epoch.claims,
            latest,
        };
        let before = self.workers[worker].known.replace(known);
        let known = before.and_then(|known| known.latest);
        let is_forgotten = known.is_some_and(|known| !history.contains(&known));
        prop_assert!(
            !is_forgotten || epoch.name.is_lossy || epoch.doubts == AdmissionDoubt::OfBefore,
            "a loss that was not noticed"
        );
        Ok(epoch)
    }
}
