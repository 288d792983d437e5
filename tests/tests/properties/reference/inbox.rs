use super::{Books, Doubts, Epoch, Order, Words};
use crate::{
    operation::{Fault, Put},
    shown::{ClaimSkip, When},
};

#[derive(Clone)]
pub(crate) struct Waiting {
    /// An order, or nonsense.
    entry: Option<Put>,
    /// It was there when the doubts began.
    pub(super) is_of_before: bool,
}

impl Books {
    pub(crate) fn put(&mut self, entry: Option<Put>) {
        self.inbox.push_back(Waiting {
            entry,
            is_of_before: false,
        });
    }

    pub(super) fn take_inbox(&mut self, n: usize, epoch: Epoch, taken: &mut Vec<String>) {
        for _ in taken.len()..n {
            let Some(waiting) = self.inbox.pop_front() else {
                return;
            };
            let is_doubted = match epoch.doubts {
                Doubts::None => false,
                Doubts::All => true,
                Doubts::OfBefore => waiting.is_of_before,
            };
            match waiting.entry {
                None => self.dead_letters += 1,
                Some(put) => taken.extend(self.receive(put, epoch, is_doubted)),
            }
        }
    }

    fn receive(&mut self, put: Put, epoch: Epoch, is_doubted: bool) -> Option<String> {
        if matches!(put.fault, Fault::NoQuantity | Fault::ProductTwice) {
            self.reject(put, "invalid_job");
            return None;
        }
        let id = put.id();
        match self.orders.get_mut(&id) {
            None => {
                let order = Order::admitted(put, epoch, is_doubted);
                self.orders.insert(id.clone(), order);
                return Some(id);
            }
            Some(known) if known.has_other_quantity != put.has_other_quantity() => {
                self.reject(put, "order_id_conflict");
            }
            Some(known) => {
                if let Some(first) = known.first.clone() {
                    self.tell_again(put, first);
                }
            }
        }
        None
    }

    fn reject(&mut self, put: Put, reason: &str) {
        let Words { own_stream, meta } = put.words();
        self.told.push(ClaimSkip {
            own_stream,
            id: put.id(),
            status: "rejected".into(),
            reason: reason.into(),
            meta,
            is_copy: false,
            has_cards: false,
        });
    }

    fn tell_again(&mut self, put: Put, first: ClaimSkip) {
        let order = self.orders.get_mut(&put.id()).unwrap();
        let words = put.words().or(&order.words);
        if self.told.contains(&first) {
            self.told.push(ClaimSkip {
                own_stream: words.own_stream,
                meta: words.meta,
                is_copy: true,
                ..first
            });
            return;
        }
        order.repetitions.push_back(words);
        order.when = order.when.or(Some(When::Due));
    }
}

impl Words {
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
