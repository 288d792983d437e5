//! Which fault a visit meets: named by the order id, or drawn by rate.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use crate::draw;
use crate::fault::Fault;
use crate::trigger::{Call, FaultRate, Trigger, named};

/// Decides on faults. What it says depends on the seed, the order id and the number of the visit only,
/// so a run with the same orders meets the same faults, however they are interleaved.
pub(crate) struct Mischief {
    seed: u64,
    rates: RwLock<BTreeMap<Trigger, f64>>,
    visits: Mutex<HashMap<(Call, String), Visits>>,
    connections: AtomicU64,
    met: Mutex<BTreeMap<Trigger, u64>>,
}

/// What one order id has met so far in one kind of call.
#[derive(Default)]
struct Visits {
    count: u64,
    /// How many of the faults named by the id are over.
    done: usize,
    /// The number of top-ups at the first refusal by a named `low-balance`.
    refused_at: Option<u64>,
}

impl Mischief {
    pub(crate) fn new(seed: u64, rates: &[FaultRate]) -> Self {
        Self {
            seed,
            rates: RwLock::new(table(rates)),
            visits: Mutex::default(),
            connections: AtomicU64::new(0),
            met: Mutex::default(),
        }
    }

    /// How often each fault has happened so far.
    pub(crate) fn met(&self) -> BTreeMap<Trigger, u64> {
        self.met
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn meet(&self, trigger: Trigger) {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        *met.entry(trigger).or_default() += 1;
    }

    /// Replaces all rates.
    pub(crate) fn set_all(&self, rates: &[FaultRate]) {
        *self.rates.write().unwrap_or_else(PoisonError::into_inner) = table(rates);
    }

    pub(crate) fn set(&self, rate: FaultRate) {
        self.rates
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(rate.trigger, rate.rate);
    }

    /// Whether the connection that was just accepted is to be reset unread.
    pub(crate) fn refuses_connection(&self) -> bool {
        let trigger = Trigger {
            call: Call::Fetch,
            fault: Fault::RefuseConnection,
        };
        let rate = self.rate(trigger);
        if rate <= 0.0 {
            return false;
        }
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let refused = draw::share(draw::bits(
            self.seed,
            &[b"connection", &number.to_le_bytes()],
        )) < rate;
        if refused {
            self.meet(trigger);
        }
        refused
    }

    /// The fault that this visit meets, if any. `top_ups` counts how often the balance has been set.
    pub(crate) fn next(&self, call: Call, id: &str, top_ups: impl Fn() -> u64) -> Option<Fault> {
        let named = named(id, call);
        let rates = self.drawable(call);
        if named.is_empty() && rates.is_empty() {
            return None;
        }
        let mut all = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let visits = all.entry((call, id.to_owned())).or_default();
        visits.count += 1;
        let fault = visits
            .named(&named, top_ups)
            .or_else(|| self.drawn(&rates, id, visits.count))?;
        self.meet(Trigger { call, fault });
        Some(fault)
    }

    fn drawn(&self, rates: &[(Trigger, f64)], id: &str, visit: u64) -> Option<Fault> {
        let hits = |trigger: &Trigger, rate: f64| {
            let name = trigger.to_string();
            let parts = [name.as_bytes(), id.as_bytes(), &visit.to_le_bytes()];
            draw::share(draw::bits(self.seed, &parts)) < rate
        };
        rates
            .iter()
            .find(|(trigger, rate)| hits(trigger, *rate))
            .map(|(trigger, _)| trigger.fault)
    }

    fn rate(&self, trigger: Trigger) -> f64 {
        let rates = self.rates.read().unwrap_or_else(PoisonError::into_inner);
        rates.get(&trigger).copied().unwrap_or(0.0)
    }

    /// The rates of this call; a refused connection is drawn when it is accepted.
    fn drawable(&self, call: Call) -> Vec<(Trigger, f64)> {
        let rates = self.rates.read().unwrap_or_else(PoisonError::into_inner);
        let at_accept = |t: &Trigger| t.call == Call::Fetch && t.fault == Fault::RefuseConnection;
        rates
            .iter()
            .filter(|(trigger, rate)| trigger.call == call && !at_accept(trigger) && **rate > 0.0)
            .map(|(trigger, rate)| (*trigger, *rate))
            .collect()
    }
}

impl Visits {
    /// The next fault of the list. `low-balance` stays until the balance is topped up after its first refusal.
    fn named(&mut self, faults: &[Fault], top_ups: impl Fn() -> u64) -> Option<Fault> {
        loop {
            let next = *faults.get(self.done)?;
            if next != Fault::LowBalance {
                self.done += 1;
                return Some(next);
            }
            let now = top_ups();
            if *self.refused_at.get_or_insert(now) == now {
                return Some(next);
            }
            self.refused_at = None;
            self.done += 1;
        }
    }
}

fn table(rates: &[FaultRate]) -> BTreeMap<Trigger, f64> {
    rates.iter().map(|r| (r.trigger, r.rate)).collect()
}
