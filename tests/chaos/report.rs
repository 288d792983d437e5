//! The parameters and the outcome of a run.

use std::{path::PathBuf, time::Duration};

use hp_sandbox::Duplicate;

use super::{check::Violation, history::History, schedule::RedisFailures};

/// The parameters of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Determines orders, actions and faults.
    pub(crate) seed: u64,
    /// The number of orders.
    pub(crate) orders: usize,
    /// The number of worker processes.
    pub(crate) workers: usize,
    /// The duration of the storm.
    pub(crate) storm: Duration,
    /// The limit for the end of all orders after the storm.
    pub(crate) settle_limit: Duration,
    /// The vendor's behaviour for a repeated id.
    pub(crate) duplicate: Duplicate,
    /// The failures of Redis besides crashes.
    pub(crate) redis: RedisFailures,
    /// `true` if no server bounds the writes of a former master, which no worker can make safe.
    pub(crate) unbounded: bool,
}

/// The outcome of a run.
pub(crate) struct Report {
    /// The parameters.
    pub(crate) settings: Settings,
    /// The facts.
    pub(crate) history: History,
    /// The broken promises.
    pub(crate) violations: Vec<Violation>,
    /// The folder with logs, facts and schedule, kept if a promise is broken.
    pub(crate) folder: Option<PathBuf>,
}

impl Settings {
    /// The run of the tests: about half a minute, with a vendor that charges repeated submissions again.
    pub(crate) fn short(seed: u64) -> Self {
        Self {
            seed,
            orders: 600,
            workers: 3,
            storm: Duration::from_secs(22),
            settle_limit: Duration::from_mins(2),
            duplicate: Duplicate::Charge,
            redis: RedisFailures {
                tail_loss: true,
                clock_steps: true,
                promotions: true,
            },
            unbounded: false,
        }
    }

    /// A long run. The seed selects the vendor's behaviour for repeated ids.
    pub(crate) fn long(seed: u64, storm: Duration) -> Self {
        let ways = [
            Duplicate::Charge,
            Duplicate::Exists,
            Duplicate::Locked,
            Duplicate::Replay,
        ];
        let minutes = usize::try_from(storm.as_secs() / 60).unwrap_or(0);
        Self {
            orders: 5000.max(2500 * minutes),
            workers: 4,
            storm,
            duplicate: ways[usize::try_from(seed % 4).unwrap_or(0)],
            ..Self::short(seed)
        }
    }
}

impl Report {
    /// The faults that were planned and did not occur: without them the run proves little. A storm of less than a minute,
    /// but for the one of the tests, has no time for all.
    pub(crate) fn missing_faults(&self) -> Vec<&'static str> {
        let Self {
            settings, history, ..
        } = self;
        if settings.storm < Settings::short(0).storm {
            return Vec::new();
        }
        let is_wanted = [
            (
                settings.redis.tail_loss,
                history.lost_bytes.iter().any(|lost| *lost > 0),
                "loss of a log's end",
            ),
            (
                settings.redis.clock_steps,
                history.clock_steps() > 0,
                "step of a clock",
            ),
            (
                settings.redis.promotions,
                history.promotions.0 > 0,
                "promotion",
            ),
        ];
        let missing = is_wanted
            .into_iter()
            .filter(|(wanted, found, _)| *wanted && !found);
        missing.map(|(.., name)| name).collect()
    }
}
