use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

/// Learns how the calls of a process to Redis go, for example to count them. Every method does nothing unless it is
/// implemented. It must return at once, because calls wait for it.
pub trait Observer: Send + Sync + 'static {
    /// A call of a script has ended, however it did. `took` is the time from its start to its answer. It contains a wait for
    /// the connection.
    fn script_called(&self, script: &'static str, took: Duration) {
        let _ = (script, took);
    }

    /// A call of `claim_batch` or `claim_named` has claimed so many orders, or one of `settle` has settled them. A call without
    /// an order is not reported.
    fn orders_in_call(&self, script: &'static str, orders: usize) {
        let _ = (script, orders);
    }

    /// So many orders were claimed whose former claim was never settled.
    fn leases_taken_over(&self, orders: u64) {
        let _ = orders;
    }

    /// A connection was made in place of one that broke or led to the wrong server.
    fn reconnected(&self) {}
}

/// The observer of a client, if it has one.
#[derive(Clone, Default)]
pub(crate) struct Observed(Option<Arc<dyn Observer>>);

impl Observed {
    pub(crate) fn by(observer: Arc<dyn Observer>) -> Self {
        Self(Some(observer))
    }

    /// Tells the observer, if there is one.
    pub(crate) fn report(&self, report: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = &self.0 {
            report(&**observer);
        }
    }

    /// Begins a call of a script. It ends when it is dropped.
    pub(crate) fn begin(&self, script: &'static str) -> OpenCall {
        OpenCall {
            observed: self.clone(),
            script,
            started: Instant::now(),
        }
    }
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observed")
    }
}

/// A call of a script that has not ended yet.
pub(crate) struct OpenCall {
    observed: Observed,
    script: &'static str,
    started: Instant,
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        let script = self.script;
        self.observed
            .report(|observer| observer.script_called(script, took));
    }
}
