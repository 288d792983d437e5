//! What there is in Redis, in the words of the books.

use std::collections::HashMap;

use e2e::Entry;
use proptest::{prop_assert, prop_assert_eq};
use redis::Value;

use super::{
    Verdict,
    look::{BREAKER, EPOCH, Look, ORDER, RESULT_STREAMS},
};
use crate::{
    books::id_of,
    operation::ORDERS,
    sample::PIN_KEY,
    shown::{Breaker, Epoch, Line, Shown, Told, When},
};

impl Look {
    /// What holds whatever the books say.
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
        let elsewhere = format!("{:?}", &self.0[RESULT_STREAMS..]);
        prop_assert!(!elsewhere.contains(PIN_KEY), "a card outside the results");
        let told = format!("{:?}", &self.0[..RESULT_STREAMS]);
        let has_cards = shown.told.iter().any(|told| told.has_cards);
        prop_assert_eq!(told.contains(PIN_KEY), has_cards, "cards in the results");
        Ok(())
    }

    pub(super) fn shown(&self) -> Shown {
        let mut told = self.told(0);
        told.extend(self.told(1));
        told.sort();
        let scores = |n| self.read::<Vec<(String, String)>>(n);
        let (breaker, epoch) = (self.hash(BREAKER), self.hash(EPOCH));
        let mut open: Vec<_> = scores(4).into_iter().map(|(id, _)| id).collect();
        open.sort();
        Shown {
            orders: (0..ORDERS)
                .filter_map(|order| Some((id_of(order), self.line(order)?)))
                .collect(),
            open,
            schedule: scores(5)
                .into_iter()
                .map(|(id, score)| (id, when(&score)))
                .collect(),
            told,
            set_aside: self.read::<Vec<Value>>(3).len(),
            inbox: self.read::<Vec<Value>>(2).len(),
            paused: !self.hash(6).is_empty(),
            held: !self.hash(7).is_empty(),
            breaker: Breaker {
                silences: number(&breaker, "silences"),
                pauses: number(&breaker, "pauses"),
                probe: breaker.get("probe").cloned().unwrap_or_default(),
            },
            epoch: Epoch {
                is_lossy: epoch.get("id").is_some_and(|id| id.ends_with('!')),
                doubts: epoch.get("since").is_some_and(|since| since != "0"),
                takes: number(&epoch, "taken").into(),
            },
        }
    }

    fn line(&self, order: usize) -> Option<Line> {
        let record = self.hash(ORDER + order);
        (!record.is_empty()).then(|| Line {
            state: record.get("state").cloned().unwrap_or_default(),
            claim: number(&record, "claim").into(),
            attempts: number(&record, "attempts"),
            checks: number(&record, "checks"),
            crashes: number(&record, "crashes"),
            is_doubted: record.contains_key("restarted_at"),
        })
    }

    fn told(&self, stream: usize) -> Vec<Told> {
        let entries: Vec<(String, Entry)> = self.read(stream);
        let told = |entry: Entry| {
            let word = |name: &str| entry.get(name).cloned().unwrap_or_default();
            Told {
                own_stream: stream == 1,
                id: word("order_id"),
                status: word("status"),
                reason: word("reason"),
                meta: word("meta"),
                is_copy: entry.contains_key("replay_of"),
                has_cards: entry.contains_key("pins"),
            }
        };
        entries.into_iter().map(|(_, entry)| told(entry)).collect()
    }
}

fn when(score: &str) -> When {
    match score {
        "0" => When::Due,
        "inf" => When::Never,
        _ => When::Later,
    }
}

fn number(hash: &HashMap<String, String>, name: &str) -> u32 {
    hash.get(name).map_or(0, |value| value.parse().unwrap())
}
