//! The times whose acknowledged writes Redis may lose.

use std::sync::{Arc, Mutex};

/// The time before a crash whose acknowledged writes Redis may lose: one second, and two in which a busy disk may delay
/// the write.
const UNSAFE_MS: u64 = 3000;
/// The time before a promotion whose writes may not have reached the replica.
const REPLICATION_MS: u64 = 1000;
/// A reply of a killed server may be read this much later.
const IN_FLIGHT_MS: u64 = 500;

/// The losses so far. Copies share one list.
#[derive(Clone, Default)]
pub(crate) struct Losses(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    losses: Vec<(u64, u64)>,
    /// The beginning of a loss that lasts.
    lasting: Option<u64>,
    is_closed: bool,
}

impl Losses {
    /// A server was killed.
    pub(crate) fn add_crash(&self, now: u64) {
        let loss = (now.saturating_sub(UNSAFE_MS), now + IN_FLIGHT_MS);
        self.0.lock().unwrap().losses.push(loss);
    }

    /// A replica is about to be promoted: what only the former master gets from now on is lost.
    pub(crate) fn begin_promotion(&self, now: u64) {
        self.0.lock().unwrap().lasting = Some(now.saturating_sub(REPLICATION_MS));
    }

    /// No replica was ready for the promotion.
    pub(crate) fn cancel_promotion(&self) {
        self.0.lock().unwrap().lasting = None;
    }

    /// The former master is a master no more.
    pub(crate) fn end_promotion(&self, now: u64) {
        let mut known = self.0.lock().unwrap();
        if let Some(from) = known.lasting.take() {
            known.losses.push((from, now + IN_FLIGHT_MS));
        }
    }

    /// No more losses will come.
    pub(crate) fn close(&self) {
        self.0.lock().unwrap().is_closed = true;
    }

    pub(crate) fn all(&self) -> Vec<(u64, u64)> {
        self.0.lock().unwrap().losses.clone()
    }

    /// `true` if a write that Redis acknowledged at this time may be lost, `None` while this is undecided.
    pub(crate) fn is_lost(&self, at: u64, now: u64) -> Option<bool> {
        let known = self.0.lock().unwrap();
        let lasting = known.lasting.map(|from| (from, u64::MAX));
        let is_lost = known
            .losses
            .iter()
            .chain(&lasting)
            .any(|(from, to)| (*from..=*to).contains(&at));
        (is_lost || known.is_closed || now > at + UNSAFE_MS).then_some(is_lost)
    }
}
