//! The lease on a reconciliation run, and the run's report.

use std::{sync::LazyLock, time::Duration};

use hp_order::Millis;

use crate::{
    QueueError,
    handle::Handle,
    rules::millis,
    script::{Script, call, run},
};

static RUN_LEASE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/run_lease.lua")));
/// Reports that are kept: those of three days at one run every five minutes.
const REPORTS: u32 = 1000;

/// The lease on the reconciliation run of one tick. One process at a time holds it, and must renew it.
pub struct RunLease {
    handle: Handle,
    holder: String,
    tick: Millis,
}

/// Whether this process holds the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseState {
    /// It does, at this time of Redis' clock.
    Held(Millis),
    /// The run of this tick is done.
    Done,
    /// Another process holds it, for this time unless it renews it.
    HeldByOther(Duration),
    /// This process held it, and another one holds it now.
    Lost,
}

impl RunLease {
    /// The lease on the run of `tick`. `holder` is a name that no other process has, nor this one had before.
    pub fn new(handle: Handle, holder: String, tick: Millis) -> Self {
        Self {
            handle,
            holder,
            tick,
        }
    }

    /// Acquires the lease for this time, if it is free and the run is not done.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn acquire(&self, lease: Duration) -> Result<LeaseState, QueueError> {
        self.ask("begin", lease, &[]).await
    }

    /// Puts off the end of the lease to this time from now.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn renew(&self, lease: Duration) -> Result<LeaseState, QueueError> {
        self.ask("renew", lease, &[]).await
    }

    /// Stores the report of the run and ends the lease. Stores nothing if the lease is lost.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn finish(&self, report: &[(&str, String)]) -> Result<LeaseState, QueueError> {
        self.ask("end", Duration::ZERO, report).await
    }

    /// Stores the report of an incomplete run, which is made again after `retry_in`.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn give_up(
        &self,
        retry_in: Duration,
        report: &[(&str, String)],
    ) -> Result<LeaseState, QueueError> {
        self.ask("give_up", retry_in, report).await
    }

    async fn ask(
        &self,
        what: &str,
        lease: Duration,
        report: &[(&str, String)],
    ) -> Result<LeaseState, QueueError> {
        call_script(&self.handle, what, &self.holder, self.tick, lease, report).await
    }
}

/// Stores the report of a run on demand, which needs no lease.
///
/// # Errors
/// Where Redis cannot be reached or refuses.
pub async fn store_run_report(
    handle: &Handle,
    report: &[(&str, String)],
) -> Result<(), QueueError> {
    call_script(handle, "end", "", Millis(0), Duration::ZERO, report)
        .await
        .map(drop)
}

/// The time by Redis' clock.
pub(crate) async fn redis_time(handle: &Handle) -> Result<Millis, QueueError> {
    match call_script(handle, "now", "", Millis(0), Duration::ZERO, &[]).await? {
        LeaseState::Held(now) => Ok(now),
        other => Err(QueueError::Protocol(format!(
            "asked for the time, Redis answered {other:?}"
        ))),
    }
}

async fn call_script(
    handle: &Handle,
    what: &str,
    holder: &str,
    tick: Millis,
    lease: Duration,
    report: &[(&str, String)],
) -> Result<LeaseState, QueueError> {
    let mut command = call(&RUN_LEASE, &[&handle.keys.reconcile, &handle.keys.runs]);
    command
        .arg(what)
        .arg(holder)
        .arg(tick.0)
        .arg(millis(lease))
        .arg(REPORTS);
    for (name, value) in report {
        command.arg(*name).arg(value);
    }
    let (now, word, left): (u64, String, u64) =
        run(&RUN_LEASE, &command, &mut handle.connection.clone()).await?;
    Ok(match word.as_str() {
        "yours" => LeaseState::Held(Millis(now)),
        "done" => LeaseState::Done,
        "held" => LeaseState::HeldByOther(Duration::from_millis(left)),
        _ => LeaseState::Lost,
    })
}
