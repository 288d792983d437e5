use std::{sync::Arc, time::Duration};

use hp_order::Millis;
use hp_queue::{QueueError, Right, Turn};
use tokio::time::sleep;
use tracing::{error, info, warn};

use super::{
    report::Report,
    run::{Run, Stopped},
    schedule::Schedule,
};
use crate::{
    metrics::Metrics,
    run::{OrderProcessor, Shutdown},
};

/// How long Redis is left alone after it failed.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest time without a look at the schedule: the clock may be set.
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// When this process looks for a run to make.
pub(crate) struct Scheduler {
    pub(crate) processor: Arc<OrderProcessor>,
    pub(crate) schedule: Schedule,
    pub(crate) stuck_after: Duration,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) stop: Shutdown,
}

impl Scheduler {
    /// Makes the run of each tick if no other worker does; one that was missed, or given up half-way by a worker that
    /// died, once. Returns when it is asked to stop.
    pub(crate) async fn keep(self) {
        while !self.stop.is_asked() {
            let pause = match self.look().await {
                Ok(pause) => pause,
                Err(error) => {
                    warn!(%error, "not known whether a reconciliation run is due");
                    PAUSE
                }
            };
            tokio::select! {
                () = self.stop.wait() => {}
                () = sleep(pause.min(LONGEST_SLEEP)) => {}
            }
        }
    }

    /// Makes a run if one is due. Answers when to look again.
    #[expect(
        clippy::disallowed_methods,
        reason = "the edge: randomness is read here"
    )]
    async fn look(&self) -> Result<Duration, QueueError> {
        let now = self.processor.ledger.now().await?;
        // A pause is over when somebody says so; the tick is not done until then.
        if self.processor.ledger.paused().await?.is_some() {
            return Ok(PAUSE);
        }
        let Some(tick) = self.schedule.latest(now) else {
            return Ok(self.until_next(now));
        };
        let turn = Turn {
            who: format!("{} {:x}", self.processor.name, rand::random::<u64>()),
            tick,
        };
        match self
            .processor
            .ledger
            .begin_run(&turn, self.processor.lease)
            .await?
        {
            Right::Ours(now) => {
                let report = Report::begin(&self.processor.name, Some(tick), now);
                self.make(&turn, report).await?;
                Ok(Duration::ZERO)
            }
            Right::Held(left) => Ok(left + Duration::from_millis(1)),
            Right::Done | Right::Lost => Ok(self.until_next(now)),
        }
    }

    fn until_next(&self, now: Millis) -> Duration {
        let next = self.schedule.next(now);
        next.map_or(LONGEST_SLEEP, |next| {
            next.since(now) + Duration::from_millis(1)
        })
    }

    async fn make(&self, turn: &Turn, report: Report) -> Result<(), QueueError> {
        let started_at = Millis(report.started_at);
        let until = started_at.before(self.stuck_after);
        let (halt, halted) = Shutdown::by_hand();
        let mut run = Run::new(&self.processor, report, &(), halted);
        let mut is_lost = false;
        let watch = async {
            tokio::select! {
                () = self.renew(turn) => is_lost = true,
                () = self.stop.wait() => {}
            }
            halt();
            std::future::pending().await
        };
        let ended = tokio::select! {
            ended = run.through_all(until) => ended,
            never = watch => never,
        };
        let ended = if is_lost { Err(Stopped::Lost) } else { ended };
        let report = run.reported(&ended);
        tell(&report);
        self.metrics.count(&report);
        let fields = report.fields();
        let ledger = &self.processor.ledger;
        let told = match ended {
            // A silence may be about single orders, and then lasts for as long as they do.
            Ok(()) | Err(Stopped::Lost | Stopped::Silent) => {
                ledger.end_run(Some(turn), &fields).await?
            }
            Err(Stopped::Interrupted) => ledger.give_up_run(turn, Duration::ZERO, &fields).await?,
            Err(_) => {
                ledger
                    .give_up_run(turn, self.processor.lease, &fields)
                    .await?
            }
        };
        if told == Right::Lost {
            warn!(
                "another worker makes this reconciliation run: its report is the one that counts"
            );
        }
        Ok(())
    }

    /// Keeps the right to a run. Returns when it is lost.
    async fn renew(&self, turn: &Turn) {
        loop {
            sleep(self.processor.lease / 3).await;
            match self
                .processor
                .ledger
                .renew_run(turn, self.processor.lease)
                .await
            {
                Ok(Right::Ours(_)) => {}
                Ok(_) => return,
                Err(error) => warn!(%error, "the right to this run is not renewed"),
            }
        }
    }
}

/// The log's share of a report.
pub(crate) fn tell(report: &Report) {
    let figures = report
        .figures()
        .map(|(name, figure)| format!("{name} {figure}"));
    let amounts = report
        .amounts
        .iter()
        .map(|(currency, amount)| format!("{amount} {currency}"));
    let amounts: Vec<_> = amounts.collect();
    info!(
        found = figures.join(", "),
        charged = amounts.join(", "),
        needs_a_person = report.needs_a_person.join(", "),
        dry_run = report.dry_run,
        took_ms = report.took(),
        "reconciled"
    );
    if let Some(why) = &report.incomplete {
        error!(why, "the reconciliation run is not complete");
    }
}
