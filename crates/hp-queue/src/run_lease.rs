//! The lease on a reconciliation run, and the run's report.

use std::time::Duration;

use hp_order::Millis;

use crate::{error::QueueError, handle::Handle, rules::millis, script::script};

script! {
    CallRunLease<'a> = "run_lease.lua";
    queue: reconcile, runs;
    order: ;
    arguments: action: &'a str, holder: &'a str, tick: u64, lease: u64, max_reports: u32;
}

/// Number of reports in the stream: those of three days, with one run every five minutes.
const MAX_REPORTS: u32 = 1000;

/// The lease on the reconciliation run of one tick. One process at a time holds it, and must renew it.
pub struct RunLease {
    handle: Handle,
    holder: String,
    tick: Millis,
}

/// Whether this process holds the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// It holds the lease, at this time of Redis' clock.
    Held(Millis),
    /// The run of this tick is done.
    Done,
    /// Another process holds it, for this time unless it renews it.
    HeldByOther(Duration),
    /// This process held it, and another one holds it now.
    Lost,
}

impl RunLease {
    /// Creates the lease on the run of `tick`. No other process may have the name `holder`, nor this one for another lease.
    pub fn new(handle: Handle, holder: String, tick: Millis) -> Self {
        Self {
            handle,
            holder,
            tick,
        }
    }

    /// Acquires the lease for this time, if it is free and the run is not done.
    pub async fn acquire(&self, lease: Duration) -> Result<LeaseState, QueueError> {
        self.call("acquire", lease, &[]).await
    }

    /// Renews the lease for this time from now.
    pub async fn renew(&self, lease: Duration) -> Result<LeaseState, QueueError> {
        self.call("renew", lease, &[]).await
    }

    /// Stores the report of the run and ends the lease. Stores nothing if the lease is lost.
    pub async fn finish(&self, report: &[(&str, String)]) -> Result<LeaseState, QueueError> {
        self.call("finish", Duration::ZERO, report).await
    }

    /// Stores the report of an incomplete run. The run can be acquired again after `retry_in`.
    pub async fn give_up(
        &self,
        retry_in: Duration,
        report: &[(&str, String)],
    ) -> Result<LeaseState, QueueError> {
        self.call("give_up", retry_in, report).await
    }

    async fn call(
        &self,
        action: &str,
        lease: Duration,
        report: &[(&str, String)],
    ) -> Result<LeaseState, QueueError> {
        let call = CallRunLease {
            action,
            holder: &self.holder,
            tick: self.tick.0,
            lease: millis(lease),
            max_reports: MAX_REPORTS,
        };
        run(&self.handle, &call, report).await
    }
}

/// Stores the report of a run on demand, which needs no lease.
pub async fn store_run_report(
    handle: &Handle,
    report: &[(&str, String)],
) -> Result<(), QueueError> {
    let call = CallRunLease {
        action: "finish",
        holder: "",
        tick: 0,
        lease: 0,
        max_reports: MAX_REPORTS,
    };
    run(handle, &call, report).await.map(drop)
}

async fn run(
    handle: &Handle,
    lease: &CallRunLease<'_>,
    report: &[(&str, String)],
) -> Result<LeaseState, QueueError> {
    let mut call = lease.call(&handle.keys);
    for (name, value) in report {
        call.arg(*name).arg(value);
    }
    let (now, state, left): (u64, String, u64) = call.run(&mut handle.connection.clone()).await?;
    Ok(match state.as_str() {
        "held" => LeaseState::Held(Millis(now)),
        "done" => LeaseState::Done,
        "held_by_other" => LeaseState::HeldByOther(Duration::from_millis(left)),
        _ => LeaseState::Lost,
    })
}
