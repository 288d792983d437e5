//! Decides which fault a call gets: one that the order id requests, or one by rate.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use crate::fault::Fault;
use crate::rng::KeyedRng;
use crate::setting::BadSetting;
use crate::trigger::{Call, FaultRate, Trigger, requested_faults};

/// Injects faults and counts them.
///
/// A decision depends on the seed, the order id and the number of the call only. So the same orders get the same
/// faults in every run, however their calls are interleaved.
pub(crate) struct FaultInjector {
    rng: KeyedRng,
    has_plain_ids: bool,
    rates: RwLock<BTreeMap<Trigger, f64>>,
    progress: Mutex<HashMap<(Call, String), Progress>>,
    connections: AtomicU64,
    injected: Mutex<BTreeMap<Trigger, u64>>,
}

/// The calls so far of one kind for one order id.
#[derive(Default)]
struct Progress {
    calls: u64,
    /// How many of the requested faults are over.
    faults_done: usize,
    /// The number of top-ups when a requested `low-balance` first refused the order.
    top_ups_at_refusal: Option<u64>,
}

impl FaultInjector {
    /// `has_plain_ids`: no suffix of an order id requests a fault.
    pub(crate) fn new(rng: KeyedRng, rates: &[FaultRate], has_plain_ids: bool) -> Self {
        Self {
            rng,
            has_plain_ids,
            rates: RwLock::new(rate_map(rates)),
            progress: Mutex::default(),
            connections: AtomicU64::new(0),
            injected: Mutex::default(),
        }
    }

    /// Checks the suffixes of an order id.
    ///
    /// # Errors
    /// A suffix names no fault.
    pub(crate) fn check_suffixes(&self, id: &str) -> Result<(), BadSetting> {
        if self.has_plain_ids {
            return Ok(());
        }
        requested_faults(id, Call::Fetch).map(drop)
    }

    /// Returns how often each fault was injected since the start.
    pub(crate) fn injected(&self) -> BTreeMap<Trigger, u64> {
        self.injected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn replace_rates(&self, rates: &[FaultRate]) {
        *self.rates.write().unwrap_or_else(PoisonError::into_inner) = rate_map(rates);
    }

    pub(crate) fn set_rate(&self, rate: FaultRate) {
        self.rates
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(rate.trigger, rate.rate);
    }

    /// Decides whether to reset a connection that was just accepted.
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
        let key: [&[u8]; 2] = [b"connection", &number.to_le_bytes()];
        let refused = self.rng.fraction(&key) < rate;
        if refused {
            self.count(trigger);
        }
        refused
    }

    /// Returns the fault for the next call with this order id. `top_ups` returns how often the balance was set.
    pub(crate) fn next_fault(
        &self,
        call: Call,
        id: &str,
        top_ups: impl Fn() -> u64,
    ) -> Option<Fault> {
        let requested = if self.has_plain_ids {
            Vec::new()
        } else {
            // A fetch with an unknown fault is refused before. A query finds no order of such an id.
            requested_faults(id, call).unwrap_or_default()
        };
        let rates = self.rates_of(call);
        if requested.is_empty() && rates.is_empty() {
            return None;
        }
        let mut all = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let progress = all.entry((call, id.to_owned())).or_default();
        progress.calls += 1;
        let fault = progress
            .next_requested(&requested, top_ups)
            .or_else(|| self.fault_by_rate(&rates, id, progress.calls))?;
        self.count(Trigger { call, fault });
        Some(fault)
    }

    fn count(&self, trigger: Trigger) {
        let mut injected = self.injected.lock().unwrap_or_else(PoisonError::into_inner);
        *injected.entry(trigger).or_default() += 1;
    }

    fn fault_by_rate(&self, rates: &[(Trigger, f64)], id: &str, call_number: u64) -> Option<Fault> {
        let is_hit = |trigger: &Trigger, rate: f64| {
            let name = trigger.to_string();
            let key = [name.as_bytes(), id.as_bytes(), &call_number.to_le_bytes()];
            self.rng.fraction(&key) < rate
        };
        rates
            .iter()
            .find(|(trigger, rate)| is_hit(trigger, *rate))
            .map(|(trigger, _)| trigger.fault)
    }

    fn rate(&self, trigger: Trigger) -> f64 {
        let rates = self.rates.read().unwrap_or_else(PoisonError::into_inner);
        rates.get(&trigger).copied().unwrap_or(0.0)
    }

    /// Returns the rates for this call, without those that are decided when a connection is accepted.
    fn rates_of(&self, call: Call) -> Vec<(Trigger, f64)> {
        let rates = self.rates.read().unwrap_or_else(PoisonError::into_inner);
        let at_accept = |t: &Trigger| t.call == Call::Fetch && t.fault == Fault::RefuseConnection;
        rates
            .iter()
            .filter(|(trigger, rate)| trigger.call == call && !at_accept(trigger) && **rate > 0.0)
            .map(|(trigger, rate)| (*trigger, *rate))
            .collect()
    }
}

impl Progress {
    /// Returns the next fault of the list. `low-balance` repeats until a top-up follows its first refusal.
    fn next_requested(&mut self, faults: &[Fault], top_ups: impl Fn() -> u64) -> Option<Fault> {
        loop {
            let next = *faults.get(self.faults_done)?;
            if next != Fault::LowBalance {
                self.faults_done += 1;
                return Some(next);
            }
            let now = top_ups();
            if *self.top_ups_at_refusal.get_or_insert(now) == now {
                return Some(next);
            }
            self.top_ups_at_refusal = None;
            self.faults_done += 1;
        }
    }
}

fn rate_map(rates: &[FaultRate]) -> BTreeMap<Trigger, f64> {
    rates.iter().map(|r| (r.trigger, r.rate)).collect()
}
