use hp_order::State;

use super::{Books, Entry, Epoch, Order, Words};
use crate::{
    operation::{Fault, Put},
    shown::{Told, When},
};

impl Books {
    pub(super) fn take_inbox(&mut self, n: usize, epoch: Epoch, taken: &mut Vec<String>) {
        for _ in taken.len()..n {
            match self.inbox.pop_front() {
                None => return,
                Some(Entry::Nonsense) => self.set_aside += 1,
                Some(Entry::Order(put)) => taken.extend(self.receive(put, epoch)),
            }
        }
    }

    fn receive(&mut self, put: Put, epoch: Epoch) -> Option<String> {
        if matches!(put.fault, Fault::NoQuantity | Fault::ProductTwice) {
            self.reject(put, "invalid_job");
            return None;
        }
        let id = put.id();
        match self.orders.get_mut(&id) {
            None => {
                self.orders.insert(id.clone(), admitted(put, epoch));
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
        self.told.push(Told {
            own_stream,
            id: put.id(),
            status: "rejected".into(),
            reason: reason.into(),
            meta,
            is_copy: false,
            has_cards: false,
        });
    }

    fn tell_again(&mut self, put: Put, first: Told) {
        let (id, own) = (put.id(), put.words());
        let order = self.orders.get_mut(&id).unwrap();
        let own_stream = own.own_stream || order.words.own_stream;
        if self.told.contains(&first) {
            let meta = if own.meta.is_empty() {
                first.meta.clone()
            } else {
                own.meta
            };
            self.told.push(Told {
                own_stream,
                meta,
                is_copy: true,
                ..first
            });
            return;
        }
        let meta = if own.meta.is_empty() {
            order.words.meta.clone()
        } else {
            own.meta
        };
        order.again = Some(Words { own_stream, meta });
        order.when = order.when.or(Some(When::Due));
    }
}

fn admitted(put: Put, epoch: Epoch) -> Order {
    Order {
        has_other_quantity: put.has_other_quantity(),
        words: put.words(),
        state: if epoch.doubts {
            State::Uncertain
        } else {
            State::Submitting
        },
        claim: 1,
        attempts: 1,
        checks: u32::from(epoch.doubts),
        crashes: 0,
        settled: 0,
        life: epoch.life,
        is_doubted: epoch.doubts,
        when: None,
        first: None,
        again: None,
        given: put.words(),
    }
}
