//! The way from this process to HitPoints: name resolution, route, sockets, TLS.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hp_api::{DoubtKind, Outcome, RefusalKind};
use hp_order::QueryVerdict;
use tokio::sync::Notify;

/// Whether requests can leave this process. A request that cannot leave says nothing about HitPoints, because it may leave
/// another machine. So this process alone stops to claim orders.
#[derive(Debug, Default)]
pub(crate) struct VendorLink {
    state: Mutex<State>,
    failed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Why the last request did not leave, if it did not.
    fault: Option<String>,
    /// How often the link failed since a request left last.
    failures: u32,
}

impl VendorLink {
    /// Learns from the outcome of a submission.
    pub(super) fn observe_submission(&self, outcome: &Outcome) {
        match outcome {
            Outcome::NotCharged(refusal) if refusal.kind == RefusalKind::NeverSent => {
                self.fail(&refusal.message);
            }
            _ => self.succeed(),
        }
    }

    /// Learns from the verdict of a query.
    pub(super) fn observe_query(&self, verdict: &QueryVerdict) {
        match verdict {
            QueryVerdict::Unknown(doubt) if doubt.kind == DoubtKind::NeverSent => {
                self.fail(&doubt.message);
            }
            _ => self.succeed(),
        }
    }

    fn fail(&self, why: &str) {
        let mut state = self.state();
        if state.fault.is_none() {
            state.failures = state.failures.saturating_add(1);
        }
        state.fault = Some(why.into());
        self.failed.notify_one();
    }

    fn succeed(&self) {
        *self.state() = State::default();
    }

    /// Forgets the fault, because a new connection could be made. The next request shows whether requests leave again.
    pub(crate) fn forget_fault(&self) {
        self.state().fault = None;
    }

    /// Waits until a request could not leave. Returns why, and how often the link failed since a request left last.
    pub(crate) async fn failure(&self) -> (String, u32) {
        loop {
            let failed = self.failed.notified();
            {
                let state = self.state();
                if let Some(fault) = &state.fault {
                    return (fault.clone(), state.failures);
                }
            }
            failed.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
