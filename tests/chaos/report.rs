//! The parameters and the outcome of a run.

use std::{path::PathBuf, time::Duration};

use hp_sandbox::Duplicate;

use super::{check::Violation, history::History};

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
    /// `true` if Redis may lose the end of its log.
    pub(crate) tail_loss: bool,
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
            storm: Duration::from_secs(20),
            settle_limit: Duration::from_mins(2),
            duplicate: Duplicate::Charge,
            tail_loss: true,
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
