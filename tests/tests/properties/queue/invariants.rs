//! What holds whatever the books say.

use std::time::Duration;

use hp_order::Millis;
use proptest::{prop_assert, prop_assert_eq};

use super::{
    LONG, Verdict,
    look::{Look, ORDER, OWN_RESULTS, RATE, REPETITIONS, RESULT_STREAMS},
};
use crate::{
    books::id_of,
    operation::ORDERS,
    sample::{PIN_KEY, settings},
    shown::Shown,
};

impl Look {
    pub(super) fn keeps_promises(&self, shown: &Shown) -> Verdict {
        for (id, line) in &shown.orders {
            let has_ended =
                ["completed", "failed", "rejected", "expired"].contains(&line.state.as_str());
            let firsts = shown
                .told
                .iter()
                .filter(|told| told.id == *id && told.is_first());
            prop_assert!(
                firsts.count() <= usize::from(has_ended),
                "results of {}, which is {}",
                id,
                line.state
            );
            prop_assert_eq!(
                shown.open.contains(id),
                !has_ended,
                "{} is {} and open",
                id,
                line.state
            );
            prop_assert!(
                has_ended || shown.schedule.contains_key(id),
                "{} is out of sight",
                id
            );
        }
        let elsewhere = format!("{:?}", &self.values[RESULT_STREAMS..]);
        prop_assert!(!elsewhere.contains(PIN_KEY), "a card outside the results");
        let told = format!("{:?}", &self.values[..RESULT_STREAMS]);
        let has_cards = shown.told.iter().any(|told| told.has_cards);
        prop_assert_eq!(told.contains(PIN_KEY), has_cards, "cards in the results");
        Ok(())
    }

    pub(super) fn lasts_long_enough(&self, shown: &Shown) -> Verdict {
        let kept = settings().retention;
        for order in 0..ORDERS {
            let (record, repetitions) = (self.left[ORDER + order], self.left[REPETITIONS + order]);
            let id = id_of(order);
            let is_open = shown.open.contains(&id);
            let waits = shown
                .orders
                .get(&id)
                .is_some_and(|line| line.repetitions > 0);
            if is_open || !shown.orders.contains_key(&id) {
                prop_assert!(record < 0, "an open order that ends by itself");
            } else {
                prop_assert!(is_about(record, kept.ledger), "an ended order's record");
            }
            if waits {
                prop_assert!(is_about(repetitions, kept.ledger), "repetitions");
            }
        }
        if shown.told.iter().any(|told| told.own_stream) {
            prop_assert!(is_about(self.left[OWN_RESULTS], kept.results), "own stream");
        }
        let free_from: Option<u64> = self.read(RATE);
        if let Some(free_from) = free_from {
            let left = Duration::from_millis(self.left[RATE].try_into().unwrap());
            let needed = Millis(free_from / 1000).plus(LONG).since(self.now);
            prop_assert!(left >= needed, "a rate that is forgotten too soon");
        }
        Ok(())
    }
}

/// A case is over within an hour.
fn is_about(left: i64, kept: Duration) -> bool {
    let left = Duration::from_millis(left.max(0).unsigned_abs());
    left <= kept && left + LONG >= kept
}
