use std::{collections::VecDeque, time::Duration};

use hp_order::{Cause, ClaimFacts, Millis, Record, State, claim};

use super::{
    epoch::{AdmissionDoubt, Epoch, EpochName},
    request::SettleRequest,
};
use crate::{
    operation::{Enqueue, ReplyWords},
    view::{DueAt, RecordView, ResultEntry},
};

#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) has_other_quantity: bool,
    pub(crate) words: ReplyWords,
    /// Its record. The times in it mean nothing: [`Doubt`] stands for them.
    pub(crate) record: Record,
    /// The claim that was settled last.
    pub(crate) settled: u64,
    pub(crate) epoch: EpochName,
    pub(crate) doubt: Doubt,
    /// Its time in the schedule.
    pub(crate) due_at: Option<DueAt>,
    /// It waits for a balance, and is not in the schedule.
    pub(crate) is_held: bool,
    /// Its first result, even if it has left its stream.
    pub(crate) first: Option<ResultEntry>,
    /// The repetitions that wait for their answers.
    pub(crate) replays: VecDeque<ReplyWords>,
}

/// Whether Redis may have forgotten a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    None,
    Fresh,
    /// The doubt of a restored order began when it was restored.
    Restored,
    /// A request that Redis has forgotten has arrived by now.
    Past,
}

/// Marks the doubt that begins with a claim, and the doubt that was there before.
const BEGINS: Millis = Millis(2);
const BEFORE: Millis = Millis(1);
const NO_TIME: Millis = Millis(0);

impl Doubt {
    fn in_epoch(epoch: Epoch) -> Self {
        if epoch.doubts == AdmissionDoubt::OfBefore {
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
    /// A new order, admitted and claimed.
    pub(super) fn admitted(enqueue: Enqueue, epoch: Epoch, is_doubted: bool) -> Self {
        let mut order = Self {
            has_other_quantity: enqueue.has_other_quantity(),
            words: enqueue.words(),
            record: Record::admitted(enqueue.wanted(), NO_TIME),
            settled: 0,
            epoch: epoch.name,
            doubt: Doubt::None,
            due_at: None,
            is_held: false,
            first: None,
            replays: VecDeque::new(),
        };
        order.claim(epoch, is_doubted, false);
        order
    }

    /// A due order, or one that is claimed by its name.
    pub(super) fn reclaim(&mut self, epoch: Epoch, is_named: bool) {
        self.claim(epoch, self.is_older_than(epoch), is_named);
    }

    /// Whether Redis may have forgotten a submission.
    pub(super) fn is_older_than(&self, epoch: Epoch) -> bool {
        self.epoch != epoch.name && epoch.doubts != AdmissionDoubt::None
    }

    fn claim(&mut self, epoch: Epoch, is_older_epoch: bool, is_named: bool) {
        self.record.not_found_valid_from = (self.doubt != Doubt::None).then_some(BEFORE);
        let facts = ClaimFacts {
            now: NO_TIME,
            is_older_epoch,
            is_named,
            has_claimant_vanished: self.settled != self.record.claim,
            resubmit_after: Duration::ZERO,
            not_found_valid_from: Some(BEGINS),
        };
        self.record = claim(&self.record, &facts);
        self.is_held = false;
        self.doubt = match self.record.not_found_valid_from {
            Some(BEGINS) => Doubt::in_epoch(epoch),
            Some(_) => self.doubt,
            None => Doubt::None,
        };
        self.epoch = epoch.name;
    }

    /// An order that Redis had forgotten, as a settle call restores it.
    pub(super) fn restored(request: &SettleRequest, epoch: EpochName) -> Self {
        let record = &request.record;
        Self {
            has_other_quantity: record.wanted.quantity.get() != 1,
            words: request.words.clone(),
            record: Record {
                state: State::Uncertain,
                attempts: request.step.attempts + 1,
                cause: Some(Cause::RedisRestarted),
                ..record.clone()
            },
            settled: record.claim,
            epoch,
            doubt: Doubt::Restored,
            due_at: Some(DueAt::Due),
            is_held: false,
            first: None,
            replays: VecDeque::new(),
        }
    }

    pub(super) fn record_view(&self) -> RecordView {
        RecordView {
            state: self.record.state.to_string(),
            claim: self.record.claim,
            attempts: self.record.attempts,
            checks: self.record.checks,
            crashes: self.record.crashes,
            is_doubted: self.doubt != Doubt::None,
            replays: self.replays.len(),
        }
    }
}
