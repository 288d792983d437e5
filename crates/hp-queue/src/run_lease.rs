//! The right to make a reconciliation run, and its report.

use std::{sync::LazyLock, time::Duration};

use hp_order::Millis;

use crate::{
    Ledger, QueueError,
    ledger::millis,
    script::{Script, call, run},
};

static RUN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/run_lease.lua")));
/// Reports of so many runs are kept: at one every five minutes those of three days.
const REPORTS: u32 = 1000;

/// Who makes the run of which tick of the schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// A name that no other process has, nor this one had before.
    pub who: String,
    /// The tick of the schedule.
    pub tick: Millis,
}

/// Whether a run is ours to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// It is, at this time by Redis' clock.
    Ours(Millis),
    /// It was made.
    Done,
    /// Another worker is at it, and loses the right after this time unless it renews it.
    Held(Duration),
    /// It was, and another worker has it now.
    Lost,
}

impl Ledger {
    /// Asks for the right to make a run.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn begin_run(&self, turn: &Turn, lease: Duration) -> Result<Right, QueueError> {
        self.ask("begin", Some(turn), lease, &[]).await
    }

    /// Puts off the loss of the right.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn renew_run(&self, turn: &Turn, lease: Duration) -> Result<Right, QueueError> {
        self.ask("renew", Some(turn), lease, &[]).await
    }

    /// Leaves the report of a run, and ends the turn; a run that was made on demand has none. Of who has lost the right
    /// nothing is left.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn end_run(
        &self,
        turn: Option<&Turn>,
        report: &[(&str, String)],
    ) -> Result<Right, QueueError> {
        self.ask("end", turn, Duration::ZERO, report).await
    }

    /// Leaves the report of a run that is not complete, so that it is made anew when this time is over.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn give_up_run(
        &self,
        turn: &Turn,
        again_in: Duration,
        report: &[(&str, String)],
    ) -> Result<Right, QueueError> {
        self.ask("give_up", Some(turn), again_in, report).await
    }

    /// The time by Redis' clock.
    ///
    /// # Errors
    /// Where Redis cannot be reached or refuses.
    pub async fn now(&self) -> Result<Millis, QueueError> {
        match self.ask("now", None, Duration::ZERO, &[]).await? {
            Right::Ours(now) => Ok(now),
            other => Err(QueueError::Protocol(format!(
                "asked for the time, Redis answered {other:?}"
            ))),
        }
    }

    async fn ask(
        &self,
        what: &str,
        turn: Option<&Turn>,
        lease: Duration,
        report: &[(&str, String)],
    ) -> Result<Right, QueueError> {
        let mut command = call(&RUN, &[&self.keys.reconcile, &self.keys.runs]);
        command
            .arg(what)
            .arg(turn.map_or("", |turn| &turn.who))
            .arg(turn.map_or(0, |turn| turn.tick.0))
            .arg(millis(lease))
            .arg(REPORTS);
        for (name, value) in report {
            command.arg(*name).arg(value);
        }
        let (now, word, left): (u64, String, u64) =
            run(&RUN, &command, &mut self.connection.clone()).await?;
        Ok(match word.as_str() {
            "yours" => Right::Ours(Millis(now)),
            "done" => Right::Done,
            "held" => Right::Held(Duration::from_millis(left)),
            _ => Right::Lost,
        })
    }
}
