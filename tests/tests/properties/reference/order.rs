use std::collections::VecDeque;

use hp_order::{Cause, State};

use super::{Doubts, Epoch, Life, Settling};
use crate::{
    operation::Put,
    shown::{ClaimSkip, Line, When},
};

/// The words of an entry that go back with the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) own_stream: bool,
    pub(crate) meta: String,
}

#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) has_other_quantity: bool,
    pub(crate) words: Words,
    pub(crate) state: State,
    pub(crate) claim: u64,
    pub(crate) attempts: u32,
    pub(crate) checks: u32,
    pub(crate) crashes: u32,
    pub(crate) cause: Option<Cause>,
    /// The claim that was settled last.
    pub(crate) settled: u64,
    pub(crate) life: Life,
    pub(crate) doubt: Doubt,
    /// Its place in the schedule.
    pub(crate) when: Option<When>,
    /// Its first result, though it may have left its stream.
    pub(crate) first: Option<ClaimSkip>,
    /// How the repetitions that wait for their answers word them.
    pub(crate) repetitions: VecDeque<Words>,
    /// With which words its result was to be told when it was last taken.
    pub(crate) given: Words,
}

/// Whether Redis may have forgotten that it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    None,
    Fresh,
    /// So is one that was restored, since whenever that was.
    Restored,
    /// What was sent has arrived by now.
    Past,
}

impl Doubt {
    pub(super) fn in_epoch(epoch: Epoch) -> Self {
        if epoch.doubts == Doubts::OfBefore {
            Self::Past
        } else {
            Self::Fresh
        }
    }

    pub(super) fn passes(&mut self) {
        if matches!(self, Self::Fresh | Self::Restored) {
            *self = Self::Past;
        }
    }
}

impl Order {
    pub(super) fn admitted(put: Put, epoch: Epoch, is_doubted: bool) -> Self {
        Self {
            has_other_quantity: put.has_other_quantity(),
            words: put.words(),
            state: if is_doubted {
                State::Uncertain
            } else {
                State::Submitting
            },
            claim: 1,
            attempts: 1,
            checks: u32::from(is_doubted),
            crashes: 0,
            cause: is_doubted.then_some(Cause::RedisRestarted),
            settled: 0,
            life: epoch.life,
            doubt: if is_doubted {
                Doubt::in_epoch(epoch)
            } else {
                Doubt::None
            },
            when: None,
            first: None,
            repetitions: VecDeque::new(),
            given: put.words(),
        }
    }

    pub(super) fn restored(settling: &Settling, life: Life) -> Self {
        let record = &settling.record;
        Self {
            has_other_quantity: record.wanted.quantity.get() != 1,
            words: settling.words.clone(),
            state: State::Uncertain,
            claim: record.claim,
            attempts: settling.step.attempts + 1,
            checks: record.checks,
            crashes: record.crashes,
            cause: Some(Cause::RedisRestarted),
            settled: record.claim,
            life,
            doubt: Doubt::Restored,
            when: Some(When::Due),
            first: None,
            repetitions: VecDeque::new(),
            given: settling.words.clone(),
        }
    }

    pub(super) fn line(&self) -> Line {
        Line {
            state: self.state.to_string(),
            claim: self.claim,
            attempts: self.attempts,
            checks: self.checks,
            crashes: self.crashes,
            is_doubted: self.doubt != Doubt::None,
            repetitions: self.repetitions.len(),
        }
    }
}
