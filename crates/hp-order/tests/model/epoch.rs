//! How the scripts tell that Redis was restarted, and that it has forgotten what it knew.

use crate::{
    redis::Redis,
    rules::{Fault, RESUBMIT, Setting},
    world::Age,
};

/// Which start of Redis, and whether by then it was known that writes were lost: to learn that begins a new epoch, so
/// that nobody settles who was given the order in the belief that all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EpochId(pub(crate) u8, pub(crate) bool);

/// `{hp}:epoch`
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Epoch {
    pub(crate) start: u8,
    /// None: it is the first of the queue.
    pub(crate) since: Option<Age>,
    pub(crate) lost: bool,
    pub(crate) taken: u8,
    pub(crate) taken_before: u8,
}

impl Epoch {
    pub(crate) fn id(&self, setting: &Setting) -> EpochId {
        EpochId(
            self.start,
            self.lost && !setting.lacks(Fault::EvidenceIsNoNewEpoch),
        )
    }
}

impl Redis {
    /// The part of `take` that looks whether Redis was restarted, and whether it has forgotten anything.
    pub(crate) fn note_epoch(&mut self, start: u8, known: Option<(u8, u8)>, setting: &Setting) {
        if self.epoch.as_ref().is_none_or(|epoch| epoch.start != start) {
            self.begin_epoch(start, known, setting);
        }
        let Some(epoch) = &mut self.epoch else { return };
        let evidence = known.is_some_and(|(id, take)| id != start && take > epoch.taken_before);
        if evidence && !epoch.lost && !setting.lacks(Fault::IgnoresEvidence) {
            epoch.lost = true;
            epoch.taken += u8::from(!setting.lacks(Fault::EvidenceIsNotCounted));
        }
    }

    fn begin_epoch(&mut self, start: u8, known: Option<(u8, u8)>, setting: &Setting) {
        let was = self.epoch.as_ref();
        let is_new_queue = was.is_none() && known.is_none();
        let taken = was.map_or(0, |epoch| epoch.taken);
        let is_soon = was
            .and_then(|epoch| epoch.since)
            .is_some_and(|since| since < RESUBMIT);
        self.inbox.doubted += std::mem::take(&mut self.inbox.fresh);
        self.epoch = Some(Epoch {
            start,
            since: (!is_new_queue).then_some(0),
            lost: is_soon && !setting.lacks(Fault::ForgetsAnEarlierRestart),
            taken,
            taken_before: taken,
        });
    }
}
