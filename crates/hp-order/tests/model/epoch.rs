//! How the scripts notice that Redis was restarted and has lost writes.

use crate::{
    setting::{Fault, Setting},
    time::{Age, RESUBMIT},
};

/// How often Redis had been restarted, and whether it was known by then that writes were lost. Evidence of loss begins
/// a new epoch, so that no claim settles that was made in the belief that nothing was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EpochId {
    pub(crate) generation: u8,
    pub(crate) has_lost_writes: bool,
}

/// The last claim call that a worker knows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Watermark {
    pub(crate) generation: u8,
    pub(crate) claim_calls: u8,
}

/// `{hp}:epoch`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Epoch {
    pub(crate) generation: u8,
    /// `None` in the first epoch of the queue.
    pub(crate) since: Option<Age>,
    pub(crate) has_lost_writes: bool,
    pub(crate) claim_calls: u8,
    pub(crate) claim_calls_before: u8,
    /// Ticks that every wait takes longer: for so long another master may accept writes.
    pub(crate) old_master: u8,
    /// The window in which every entry is doubted is over, and the boundary is fixed for good.
    pub(crate) has_boundary: bool,
}

impl Epoch {
    /// The first epoch of a queue.
    pub(crate) fn first() -> Self {
        Self {
            generation: 0,
            since: None,
            has_lost_writes: false,
            claim_calls: 0,
            claim_calls_before: 0,
            old_master: 0,
            has_boundary: true,
        }
    }

    /// Begins after a restart, or with the first claim call of a queue.
    pub(crate) fn begin(
        previous: Option<&Self>,
        generation: u8,
        watermark: Option<Watermark>,
        old_master: u8,
        setting: &Setting,
    ) -> Self {
        let is_new_queue = previous.is_none() && watermark.is_none();
        let claim_calls = previous.map_or(0, |epoch| epoch.claim_calls);
        let is_soon = previous.is_some_and(Self::is_window_open);
        Self {
            generation,
            since: (!is_new_queue).then_some(0),
            has_lost_writes: is_soon && !setting.has(Fault::ForgetsEarlierRestart),
            claim_calls,
            claim_calls_before: claim_calls,
            old_master,
            has_boundary: is_new_queue,
        }
    }

    pub(crate) fn id(&self, setting: &Setting) -> EpochId {
        EpochId {
            generation: self.generation,
            has_lost_writes: self.has_lost_writes && !setting.has(Fault::EvidenceKeepsEpoch),
        }
    }

    /// Returns `true` while an entry may repeat an order that Redis has forgotten.
    pub(crate) fn is_window_open(&self) -> bool {
        self.since.is_some_and(|since| since < self.longest_wait())
    }

    /// Returns `true` once: when a worker notices that the window is over.
    pub(crate) fn is_first_observation_after_window(&mut self) -> bool {
        let is_first = self.is_boundary_due();
        self.has_boundary |= is_first;
        is_first
    }

    /// Returns `true` if the window is over and no worker has noticed it.
    pub(crate) fn is_boundary_due(&self) -> bool {
        self.since >= Some(self.longest_wait()) && !self.has_boundary
    }

    /// Ticks within which a request arrives that this Redis does not know of.
    pub(crate) fn longest_wait(&self) -> u8 {
        RESUBMIT + self.old_master
    }

    pub(crate) fn watermark(&self) -> Watermark {
        Watermark {
            generation: self.generation,
            claim_calls: self.claim_calls,
        }
    }

    /// Marks the epoch if the worker knows of a claim call that Redis has forgotten.
    pub(crate) fn compare(&mut self, watermark: Option<Watermark>, setting: &Setting) {
        let is_evidence = watermark.is_some_and(|known| {
            known.generation != self.generation && known.claim_calls > self.claim_calls_before
        });
        if is_evidence && !self.has_lost_writes && !setting.has(Fault::IgnoresLossEvidence) {
            self.has_lost_writes = true;
            self.claim_calls += u8::from(!setting.has(Fault::EvidenceIsNotCounted));
        }
    }
}
