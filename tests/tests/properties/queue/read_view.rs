//! What there is in Redis, in the words of the books.

use std::collections::HashMap;

use e2e::Entry;
use redis::Value;

use super::{
    LONG,
    look::{BREAKER, EPOCH, Look, ORDER, RATE, REPETITIONS},
};
use crate::{
    books::id_of,
    operation::ORDERS,
    shown::{Breaker, ClaimSkip, Epoch, Line, Shown, When},
};

impl Look {
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
            dead_letters: self.read::<Vec<Value>>(3).len(),
            inbox: self.read::<Vec<Value>>(2).len(),
            paused: !self.hash(6).is_empty(),
            held: !self.hash(7).is_empty(),
            breaker: Breaker {
                silences: number(&breaker, "failures"),
                pauses: number(&breaker, "pauses"),
                probe: breaker.get("probe").cloned().unwrap_or_default(),
            },
            calls: self.calls(),
            epoch: Epoch {
                is_lossy: epoch.get("id").is_some_and(|id| id.ends_with('!')),
                doubts: epoch.get("since").is_some_and(|since| since != "0"),
                takes: number(&epoch, "taken").into(),
            },
        }
    }

    /// The rate says from when on calls are free.
    fn calls(&self) -> Option<i64> {
        let free_from: i64 = self.read::<Option<i64>>(RATE)? / 1000;
        let hour = i64::try_from(LONG.as_millis()).unwrap();
        let ahead = free_from - i64::try_from(self.now.0).unwrap();
        // A case is over within half an hour of its first call.
        Some((ahead + hour / 2).div_euclid(hour) + 1)
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
            repetitions: self.read::<Vec<Value>>(REPETITIONS + order).len(),
        })
    }

    fn told(&self, stream: usize) -> Vec<ClaimSkip> {
        let entries: Vec<(String, Entry)> = self.read(stream);
        let told = |entry: Entry| {
            let word = |name: &str| entry.get(name).cloned().unwrap_or_default();
            ClaimSkip {
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
