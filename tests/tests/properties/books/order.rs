use std::collections::VecDeque;

use hp_order::State;

use super::{Doubts, Epoch, Life};
use crate::{
    operation::Put,
    shown::{Line, Told, When},
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
    /// The claim that was settled last.
    pub(crate) settled: u64,
    pub(crate) life: Life,
    pub(crate) doubt: Doubt,
    /// Its place in the schedule.
    pub(crate) when: Option<When>,
    /// Its first result, though it may have left its stream.
    pub(crate) first: Option<Told>,
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
        if *self == Self::Fresh {
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
