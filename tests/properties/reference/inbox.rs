use super::{
    epoch::{AdmissionDoubt, Epoch},
    order::Order,
    state::Reference,
    waiting::Waiting,
};
use crate::{
    operation::{Enqueue, Fault, ReplyWords},
    view::{DueAt, ResultEntry},
};

impl Reference {
    pub(crate) fn enqueue(&mut self, entry: Option<Enqueue>) {
        self.inbox.push_back(Waiting {
            entry,
            is_of_before: false,
            is_before_end: false,
        });
    }

    pub(crate) fn trim_inbox(&mut self, kept: usize) {
        while self.inbox.len() > kept {
            self.inbox.pop_front();
            self.lost.since_last_claim += 1;
        }
    }

    /// Claims with this number of earlier claims in the epoch. Returns how many entries the claim misses: none if no earlier claim
    /// has counted, because what was taken from such a queue is unknown.
    pub(super) fn notice_lost(&mut self, claims: u64) -> u32 {
        let lost = &mut self.lost;
        let missed = std::mem::take(&mut lost.since_last_claim);
        let missed = if lost.is_counted || claims == 0 {
            missed
        } else {
            0
        };
        lost.is_counted = true;
        lost.noticed += missed;
        missed
    }

    /// The order of this id ends: what is in the inbox is enqueued before.
    pub(super) fn mark_end(&mut self, id: &str) {
        for waiting in &mut self.inbox {
            let is_of = waiting.entry.is_some_and(|entry| entry.id() == id);
            waiting.is_before_end |= is_of;
        }
    }

    pub(super) fn claim_inbox(&mut self, n: usize, epoch: Epoch, claimed_ids: &mut Vec<String>) {
        for _ in claimed_ids.len()..n {
            let Some(waiting) = self.inbox.pop_front() else {
                return;
            };
            let is_doubted = match epoch.doubts {
                AdmissionDoubt::None => false,
                AdmissionDoubt::All | AdmissionDoubt::Passed => true,
                AdmissionDoubt::OfBefore => waiting.is_of_before,
            };
            match waiting.entry {
                None => self.dead_letters += 1,
                Some(enqueue) if !self.orders.contains_key(&enqueue.id()) => {
                    claimed_ids.extend(self.admit(enqueue, epoch, is_doubted));
                }
                Some(enqueue) => self.repeat(enqueue, waiting.is_before_end),
            }
        }
    }

    fn admit(&mut self, enqueue: Enqueue, epoch: Epoch, is_doubted: bool) -> Option<String> {
        if enqueue.is_invalid() {
            self.answer(enqueue, "rejected", "invalid_job");
            return None;
        }
        let order = Order::admitted(enqueue, epoch, is_doubted);
        self.orders.insert(enqueue.id(), order);
        Some(enqueue.id())
    }

    fn repeat(&mut self, enqueue: Enqueue, is_before_end: bool) {
        let known = &self.orders[&enqueue.id()];
        let is_other = known.has_other_quantity != enqueue.has_other_quantity()
            || enqueue.own_stream && !known.words.own_stream;
        if enqueue.is_invalid() {
            self.answer(enqueue, "conflict", "invalid_repetition");
        } else if is_other {
            self.answer(enqueue, "conflict", "order_id_conflict");
        } else if let (Some(first), false) = (known.first.clone(), is_before_end) {
            self.replay(enqueue, first);
        }
    }

    fn answer(&mut self, enqueue: Enqueue, status: &str, reason: &str) {
        let ReplyWords { own_stream, meta } = enqueue.words();
        self.publish(ResultEntry {
            own_stream,
            id: enqueue.id(),
            status: status.into(),
            reason: reason.into(),
            meta,
            is_copy: false,
            has_cards: false,
        });
    }

    fn replay(&mut self, enqueue: Enqueue, first: ResultEntry) {
        let order = self.orders.get_mut(&enqueue.id()).unwrap();
        let words = enqueue.words().of_replay(&order.words);
        if self.results.contains(&first) {
            self.publish(ResultEntry {
                own_stream: words.own_stream,
                meta: words.meta,
                is_copy: true,
                ..first
            });
            return;
        }
        order.replays.push_back(words);
        order.due_at = order.due_at.or(Some(DueAt::Due));
    }
}

impl Enqueue {
    fn is_invalid(&self) -> bool {
        matches!(self.fault, Fault::NoQuantity | Fault::ProductTwice)
    }
}

impl ReplyWords {
    /// A replay goes to the stream of the first job.
    fn of_replay(self, of_first: &Self) -> Self {
        Self {
            own_stream: of_first.own_stream,
            meta: if self.meta.is_empty() {
                of_first.meta.clone()
            } else {
                self.meta
            },
        }
    }
}
