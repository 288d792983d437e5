//! What holds whatever the reference say.

use std::time::Duration;

use hp_order::Millis;
use proptest::{prop_assert, prop_assert_eq};

use super::{
    LONG, Verdict,
    contents::{Contents, ORDER, OWN_RESULTS, RATE, REPLAYS, RESULT_STREAMS},
};
use crate::{
    operation::{ALL_ORDERS, id_of},
    sample::{PIN_KEY, settings},
    view::View,
};

impl Contents {
    pub(super) fn keeps_invariants(&self, view: &View) -> Verdict {
        for (id, line) in &view.orders {
            let has_ended =
                ["completed", "failed", "rejected", "expired"].contains(&line.state.as_str());
            let firsts = view
                .results
                .iter()
                .filter(|results| results.id == *id && results.is_first());
            prop_assert!(
                firsts.count() <= usize::from(has_ended),
                "results of {}, which is {}",
                id,
                line.state
            );
            prop_assert_eq!(
                view.open.contains(id),
                !has_ended,
                "{} is {} and open",
                id,
                line.state
            );
            prop_assert!(
                has_ended || view.schedule.contains_key(id) || view.held.contains(id),
                "{} is out of sight",
                id
            );
        }
        let elsewhere = format!("{:?}", &self.values[RESULT_STREAMS..]);
        prop_assert!(!elsewhere.contains(PIN_KEY), "a card outside the results");
        let results = format!("{:?}", &self.values[..RESULT_STREAMS]);
        let has_cards = view.results.iter().any(|results| results.has_cards);
        prop_assert_eq!(results.contains(PIN_KEY), has_cards, "cards in the results");
        Ok(())
    }

    pub(super) fn lasts_long_enough(&self, view: &View) -> Verdict {
        let kept = settings().retention;
        for order in 0..ALL_ORDERS {
            let (record, replays) = (self.left[ORDER + order], self.left[REPLAYS + order]);
            let id = id_of(order);
            let is_open = view.open.contains(&id);
            let waits = view.orders.get(&id).is_some_and(|line| line.replays > 0);
            if is_open || !view.orders.contains_key(&id) {
                prop_assert!(record < 0, "an open order that ends by itself");
            } else {
                prop_assert!(is_about(record, kept.ledger), "an ended order's record");
            }
            if waits {
                prop_assert!(is_about(replays, kept.ledger), "replays");
            }
        }
        if view.results.iter().any(|results| results.own_stream) {
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
