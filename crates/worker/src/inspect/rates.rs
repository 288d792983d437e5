//! Orders a second, from the difference of two looks at the queue.

use std::collections::VecDeque;

use hp_queue::Status;
use serde::Serialize;

/// The looks that the rates are about: ten seconds, at a look a second.
const LOOKS: usize = 11;

/// What a look has counted since the queue began.
#[derive(Clone, Copy)]
struct Look {
    /// Unix ms of Redis' clock.
    at: u64,
    /// Entries that workers have taken out of the inbox.
    taken: u64,
    open: u64,
    rejected: u64,
}

/// The last looks at a queue.
#[derive(Default)]
pub(super) struct Looks(VecDeque<Look>);

/// Orders a second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Rates {
    /// Entries that workers have taken out of the inbox.
    pub(super) admitted: f64,
    /// Entries that are done: their orders have ended, or they repeated an order.
    pub(super) ended: f64,
}

impl Looks {
    /// Adds a look. Begins again if Redis does not count entries, or if its counts have begun again.
    pub(super) fn add(&mut self, status: &Status) {
        let Some(added) = status.added else {
            return self.0.clear();
        };
        self.push(Look {
            at: status.now,
            taken: added.saturating_sub(status.new + status.lost),
            open: status.open,
            rejected: status.rejected,
        });
    }

    fn push(&mut self, look: Look) {
        let last = self.0.back();
        if last.is_some_and(|last| last.taken > look.taken || last.at > look.at) {
            self.0.clear();
        }
        self.0.push_back(look);
        if self.0.len() > LOOKS {
            self.0.pop_front();
        }
    }

    /// The rates over these looks. `None`: there are too few.
    pub(super) fn rates(&self) -> Option<Rates> {
        let (first, last) = (self.0.front()?, self.0.back()?);
        let ms = last.at - first.at;
        if ms == 0 {
            return None;
        }
        let taken = last.taken - first.taken;
        let rejected = last.rejected.saturating_sub(first.rejected);
        let ended = (taken + first.open).saturating_sub(last.open + rejected);
        Some(Rates {
            admitted: per_second(taken, ms),
            ended: per_second(ended, ms),
        })
    }
}

/// Rounded to a tenth.
fn per_second(orders: u64, ms: u64) -> f64 {
    let tenths = orders.saturating_mul(10_000) / ms;
    f64::from(u32::try_from(tenths).unwrap_or(u32::MAX)) / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds a look in this second, at which this many entries were taken and this many orders were open.
    fn look(looks: &mut Looks, second: u64, taken: u64, open: u64, rejected: u64) {
        looks.push(Look {
            at: second * 1000,
            taken,
            open,
            rejected,
        });
    }

    fn rates(looks: &Looks) -> Option<(f64, f64)> {
        looks.rates().map(|rates| (rates.admitted, rates.ended))
    }

    #[test]
    fn rates_are_differences_of_the_last_looks() {
        let mut looks = Looks::default();
        look(&mut looks, 1, 100, 10, 5);
        assert_eq!(rates(&looks), None, "one look shows no rate");
        look(&mut looks, 3, 125, 20, 6);
        assert_eq!(rates(&looks), Some((12.5, 7.0)));
        for second in 4..20 {
            look(&mut looks, second, 125, 20, 6);
        }
        assert_eq!(rates(&looks), Some((0.0, 0.0)), "the first looks are gone");
    }

    #[test]
    fn counts_that_begin_again_show_no_rate() {
        let mut looks = Looks::default();
        look(&mut looks, 1, 100, 10, 0);
        look(&mut looks, 2, 3, 0, 0);
        assert_eq!(rates(&looks), None);
        look(&mut looks, 3, 5, 1, 0);
        assert_eq!(rates(&looks), Some((2.0, 1.0)));
        // An order that is open again was not admitted.
        look(&mut looks, 4, 5, 9, 0);
        assert_eq!(rates(&looks), Some((1.0, 0.0)));
        // Redis' clock was set back.
        look(&mut looks, 2, 6, 9, 0);
        assert_eq!(rates(&looks), None);
    }
}
