//! What Redis holds, in the words of the reference.

use std::collections::{BTreeMap, HashMap};

use e2e::Entry;
use redis::Value;

use super::{
    LONG,
    contents::{
        BREAKER, Contents, EPOCH, EVENTS, HELD, INBOX, KEYS, ORDER, OWN_STREAMS, RATE, REPLAYS,
        SPENT, STATES, THROTTLE,
    },
};
use crate::{
    operation::{ALL_ORDERS, id_of},
    view::{Breaker, DueAt, EpochView, RecordView, ResultEntry, View},
};

impl Contents {
    pub(super) fn view(&self) -> View {
        let mut results = self.results(0);
        results.extend(self.results(1));
        results.sort();
        let scores = |n| self.read::<Vec<(String, String)>>(n);
        let (breaker, epoch) = (self.hash(BREAKER), self.hash(EPOCH));
        let mut open: Vec<_> = scores(4).into_iter().map(|(id, _)| id).collect();
        open.sort();
        View {
            orders: (0..ALL_ORDERS)
                .filter_map(|order| Some((id_of(order), self.record_view(order)?)))
                .collect(),
            open,
            schedule: scores(5)
                .into_iter()
                .map(|(id, score)| (id, due_at(&score)))
                .collect(),
            held: scores(HELD).into_iter().map(|(id, _)| id).collect(),
            states: STATES
                .map(|n| (state_of(n), self.read::<Vec<String>>(n)))
                .collect(),
            results,
            spent: self.spent(),
            own_streams: scores(OWN_STREAMS).len(),
            events: self.events(),
            dead_letters: self.read::<Vec<Value>>(3).len(),
            inbox: self.read::<Vec<Value>>(2).len(),
            lost: number(&self.hash(INBOX), "lost"),
            paused: !self.hash(6).is_empty(),
            is_balance_held: !self.hash(7).is_empty(),
            breaker: Breaker {
                failures: number(&breaker, "failures"),
                pauses: number(&breaker, "pauses"),
                probe: breaker.get("probe").cloned().unwrap_or_default(),
            },
            calls: self.calls(),
            is_throttled: !self.hash(THROTTLE).is_empty(),
            epoch: EpochView {
                is_lossy: epoch.get("id").is_some_and(|id| id.ends_with('!')),
                doubts: epoch.get("since").is_some_and(|since| since != "0"),
                claims: number(&epoch, "claims").into(),
            },
        }
    }

    /// What was charged, by currency. A case may last from one day to the next.
    fn spent(&self) -> BTreeMap<String, u64> {
        let mut spent = BTreeMap::new();
        for (field, minor_units) in self.hash(SPENT) {
            let (_, currency) = field.split_once(':').unwrap();
            *spent.entry(currency.to_owned()).or_default() += minor_units.parse::<u64>().unwrap();
        }
        spent
    }

    /// The kind of each event, and its order.
    fn events(&self) -> Vec<(String, String)> {
        let entries: Vec<(String, Entry)> = self.read(EVENTS);
        let read = |mut entry: Entry| {
            let id = entry.remove("order_id").unwrap_or_default();
            (entry.remove("event").unwrap_or_default(), id)
        };
        let events = entries.into_iter().map(|(_, entry)| read(entry));
        // How many dead letters one event reports depends on the time.
        events
            .filter(|(event, _)| event != "job.dead_letter")
            .collect()
    }

    /// The rate says from when on calls are free. A case is over within half an hour of its first call.
    fn calls(&self) -> Option<i64> {
        let free_from: i64 = self.read::<Option<i64>>(RATE)? / 1000;
        let hour = i64::try_from(LONG.as_millis()).unwrap();
        let ahead = free_from - i64::try_from(self.now.0).unwrap();
        Some((ahead + hour / 2).div_euclid(hour) + 1)
    }

    fn record_view(&self, order: usize) -> Option<RecordView> {
        let record = self.hash(ORDER + order);
        (!record.is_empty()).then(|| RecordView {
            state: record.get("state").cloned().unwrap_or_default(),
            claim: number(&record, "claim").into(),
            attempts: number(&record, "attempts"),
            checks: number(&record, "checks"),
            crashes: number(&record, "crashes"),
            is_doubted: record.contains_key("restarted_at"),
            replays: self.read::<Vec<Value>>(REPLAYS + order).len(),
        })
    }

    fn results(&self, stream: usize) -> Vec<ResultEntry> {
        let entries: Vec<(String, Entry)> = self.read(stream);
        let read = |entry: Entry| {
            let word = |name: &str| entry.get(name).cloned().unwrap_or_default();
            ResultEntry {
                own_stream: stream == 1,
                id: word("order_id"),
                status: word("status"),
                reason: word("reason"),
                meta: word("meta"),
                is_copy: entry.contains_key("replay_of"),
                has_cards: entry.contains_key("pins"),
            }
        };
        entries.into_iter().map(|(_, entry)| read(entry)).collect()
    }
}

fn state_of(n: usize) -> String {
    KEYS[n].trim_start_matches("state:").into()
}

fn due_at(score: &str) -> DueAt {
    match score {
        "0" => DueAt::Due,
        "inf" => DueAt::Never,
        _ => DueAt::Later,
    }
}

fn number(hash: &HashMap<String, String>, name: &str) -> u32 {
    hash.get(name).map_or(0, |value| value.parse().unwrap())
}
