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
        });
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
                Some(enqueue) => claimed_ids.extend(self.receive(enqueue, epoch, is_doubted)),
            }
        }
    }

    fn receive(&mut self, enqueue: Enqueue, epoch: Epoch, is_doubted: bool) -> Option<String> {
        if matches!(enqueue.fault, Fault::NoQuantity | Fault::ProductTwice) {
            self.reject(enqueue, "invalid_job");
            return None;
        }
        let id = enqueue.id();
        match self.orders.get_mut(&id) {
            None => {
                let order = Order::admitted(enqueue, epoch, is_doubted);
                self.orders.insert(id.clone(), order);
                return Some(id);
            }
            Some(known) if known.has_other_quantity != enqueue.has_other_quantity() => {
                self.reject(enqueue, "order_id_conflict");
            }
            Some(known) => {
                if let Some(first) = known.first.clone() {
                    self.replay(enqueue, first);
                }
            }
        }
        None
    }

    fn reject(&mut self, enqueue: Enqueue, reason: &str) {
        let ReplyWords { own_stream, meta } = enqueue.words();
        self.results.push(ResultEntry {
            own_stream,
            id: enqueue.id(),
            status: "rejected".into(),
            reason: reason.into(),
            meta,
            is_copy: false,
            has_cards: false,
        });
    }

    fn replay(&mut self, enqueue: Enqueue, first: ResultEntry) {
        let order = self.orders.get_mut(&enqueue.id()).unwrap();
        let words = enqueue.words().or(&order.words);
        if self.results.contains(&first) {
            self.results.push(ResultEntry {
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

impl ReplyWords {
    fn or(self, of_first: &Self) -> Self {
        Self {
            own_stream: self.own_stream || of_first.own_stream,
            meta: if self.meta.is_empty() {
                of_first.meta.clone()
            } else {
                self.meta
            },
        }
    }
}
