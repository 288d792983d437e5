//! A front end that limits the rate of calls.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Lets a number of calls through in each second of the clock, and counts all calls.
#[derive(Debug)]
pub(crate) struct FrontEnd {
    /// Calls a second. `None`: no limit.
    rate: Option<u32>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    second: u64,
    calls_in_second: u32,
    calls: u64,
    turned_away: u64,
}

impl FrontEnd {
    pub(crate) fn new(rate: Option<u32>) -> Self {
        Self {
            rate,
            state: Mutex::default(),
        }
    }

    /// Counts a call. Returns `false` if the front end turns it away.
    pub(crate) fn lets_through(&self, now: SystemTime) -> bool {
        let second = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.calls += 1;
        if state.second != second {
            (state.second, state.calls_in_second) = (second, 0);
        }
        state.calls_in_second = state.calls_in_second.saturating_add(1);
        let is_let_through = self.rate.is_none_or(|rate| state.calls_in_second <= rate);
        state.turned_away += u64::from(!is_let_through);
        is_let_through
    }

    /// Returns the number of all calls, and of those that were turned away.
    pub(crate) fn calls(&self) -> (u64, u64) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.calls, state.turned_away)
    }
}
