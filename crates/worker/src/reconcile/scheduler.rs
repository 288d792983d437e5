use std::{sync::Arc, time::Duration};

use hp_order::Millis;
use hp_queue::{LeaseState, QueueError, RunLease};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    output::log,
    report::Report,
    run::{Run, RunError},
};
use crate::{
    admin::metrics::{Metrics, RunEnd},
    config::{Config, Schedule},
    engine::{processor::OrderProcessor, pulse::Pulse, retry::REDIS},
};

/// The delay after a failure of Redis.
const RETRY_DELAY: Duration = Duration::from_secs(5);
/// The longest time between two checks of the schedule: somebody may set the clock meanwhile.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
/// The longest time that a round may take: the sleep, and some calls to a Redis that hardly answers.
const LONGEST_ROUND: Duration = Duration::from_mins(3);

/// Starts reconciliation runs in this process.
pub(crate) struct Scheduler {
    processor: Arc<OrderProcessor>,
    schedule: Schedule,
    stuck_after: Duration,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
    /// Notes the checks of the schedule.
    pub(crate) pulse: Pulse,
}

impl Scheduler {
    pub(crate) fn new(
        processor: Arc<OrderProcessor>,
        config: &Config,
        metrics: Arc<Metrics>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            processor,
            schedule: config.reconcile.schedule.clone(),
            stuck_after: config.reconcile.stuck_after,
            metrics,
            stop,
            pulse: Pulse::new(LONGEST_ROUND),
        }
    }

    /// Makes the run of each tick unless another process does. Missed runs, and those that a dead worker left incomplete,
    /// are merged into one. Returns when `stop` is cancelled.
    pub(crate) async fn run(self) {
        while !self.stop.is_cancelled() {
            self.pulse.note_round();
            let pause = self.make_due_run().await.unwrap_or_else(|error| {
                warn!(obstacle = REDIS, %error, "cannot check whether a reconciliation run is due");
                RETRY_DELAY
            });
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = sleep(pause.min(LONGEST_SLEEP)) => {}
            }
        }
    }

    /// Makes a run if one is due. Returns the time until the next check.
    async fn make_due_run(&self) -> Result<Duration, QueueError> {
        let processor = &self.processor;
        let now = processor.inspector.now().await?;
        if processor.self_pause.is_paused() {
            return Ok(RETRY_DELAY);
        }
        // The run of this tick is made when the queue is resumed.
        if processor.inspector.paused().await?.is_some() {
            return Ok(RETRY_DELAY);
        }
        let Some(tick) = self.schedule.latest(now) else {
            return Ok(self.until_next(now));
        };
        let holder = format!("{} {}", processor.name, processor.random.alphanumeric(16));
        let lease = RunLease::new(processor.queue.clone(), holder, tick);
        match lease.acquire(processor.lease).await? {
            LeaseState::Held(now) => {
                let report = Report::new(&processor.name, Some(tick), now);
                self.make(&lease, report).await?;
                Ok(Duration::ZERO)
            }
            LeaseState::HeldByOther(left) => Ok(left + Duration::from_millis(1)),
            LeaseState::Done | LeaseState::Lost => Ok(self.until_next(now)),
        }
    }

    fn until_next(&self, now: Millis) -> Duration {
        let next = self.schedule.next(now);
        next.map_or(LONGEST_SLEEP, |next| {
            next.since(now) + Duration::from_millis(1)
        })
    }

    async fn make(&self, lease: &RunLease, report: Report) -> Result<(), QueueError> {
        let until = Millis(report.started_at).before(self.stuck_after);
        let halt = self.stop.child_token();
        let mut run = Run::new(&self.processor, report, &(), halt.clone());
        let mut is_lost = false;
        let guard = async {
            self.renew(lease).await;
            is_lost = true;
            halt.cancel();
            std::future::pending().await
        };
        let checked = async {
            tokio::select! {
                ended = run.check_all(until) => ended,
                never = guard => never,
            }
        };
        // The number of orders and the rate decide how long it takes.
        let ended = self.pulse.wait_for(Box::pin(checked)).await;
        let ended = if is_lost { Err(RunError::Lost) } else { ended };
        let report = run.into_report(&ended);
        log(&report);
        self.count(&report);
        self.publish(lease, &report, ended).await
    }

    fn count(&self, report: &Report) {
        let end = RunEnd {
            is_complete: report.incomplete.is_none(),
            at: report.finished_at,
            took: Duration::from_millis(report.took_ms()),
        };
        let figures = report.figures();
        self.metrics
            .count_run(&end, figures.map(|figure| (figure.name, figure.count)));
    }

    async fn publish(
        &self,
        lease: &RunLease,
        report: &Report,
        ended: Result<(), RunError>,
    ) -> Result<(), QueueError> {
        let fields = report.fields();
        let state = match ended {
            // HitPoints may never answer for some orders. A repeated run would not change that.
            Ok(()) | Err(RunError::Lost | RunError::VendorUnreachable) => {
                lease.finish(&fields).await?
            }
            Err(RunError::Interrupted) => lease.give_up(Duration::ZERO, &fields).await?,
            Err(_) => lease.give_up(self.processor.lease, &fields).await?,
        };
        if state == LeaseState::Lost {
            warn!("run lease lost; only the report of the process that now holds the lease counts");
        }
        Ok(())
    }

    /// Renews the lease on a run. Returns when it is lost.
    async fn renew(&self, lease: &RunLease) {
        let time = self.processor.lease;
        loop {
            sleep(time / 3).await;
            match lease.renew(time).await {
                Ok(LeaseState::Held(_)) => {}
                Ok(_) => return,
                Err(error) => warn!(obstacle = REDIS, %error, "cannot renew the run lease"),
            }
        }
    }
}
