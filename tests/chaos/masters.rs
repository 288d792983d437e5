//! The masters that the shops know: one, or two while a former master lives.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use redis::Client;
use tokio::time::Instant;

/// The time after a promotion for which shops enqueue orders at the former master, too.
const FORMER_IS_USED: Duration = Duration::from_secs(1);

/// The masters. Copies share them.
#[derive(Clone)]
pub(crate) struct Masters(Arc<Mutex<Known>>);

struct Known {
    present: Client,
    /// With the time of the promotion.
    former: Option<(Client, Instant)>,
    /// Counts the changes.
    version: u64,
}

/// A role of a master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Present,
    Former,
}

impl Masters {
    pub(crate) fn new(present: Client) -> Self {
        Self(Arc::new(Mutex::new(Known {
            present,
            former: None,
            version: 0,
        })))
    }

    /// A replica has been promoted, and the former master lives.
    pub(crate) fn promote(&self, present: Client) {
        self.change(|known| {
            let former = std::mem::replace(&mut known.present, present);
            known.former = Some((former, Instant::now()));
        });
    }

    /// The former master is one no more.
    pub(crate) fn end_former(&self) {
        self.change(|known| known.former = None);
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.0.lock().unwrap();
        change(&mut known);
        known.version += 1;
    }

    /// The number of changes so far.
    pub(crate) fn version(&self) -> u64 {
        self.0.lock().unwrap().version
    }

    pub(crate) fn are_two(&self) -> bool {
        self.0.lock().unwrap().former.is_some()
    }

    /// `true` while shops enqueue orders at both masters.
    pub(crate) fn both_are_used(&self) -> bool {
        let known = self.0.lock().unwrap();
        let former = known.former.as_ref();
        former.is_some_and(|(_, promotion)| promotion.elapsed() < FORMER_IS_USED)
    }

    /// The master in this role, if there is one.
    pub(crate) fn client(&self, role: Role) -> Option<Client> {
        let known = self.0.lock().unwrap();
        match role {
            Role::Present => Some(known.present.clone()),
            Role::Former => known.former.as_ref().map(|(client, _)| client.clone()),
        }
    }
}
