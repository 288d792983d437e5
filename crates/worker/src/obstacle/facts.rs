use std::collections::BTreeMap;

use hp_order::Millis;
use hp_queue::{Inspector, OpenOrderScan, QueueError, Status};

const PAGE: usize = 256;

/// The state of orders whose record cannot be read.
pub(crate) const UNREADABLE: &str = "unreadable";

/// The facts from which the obstacles follow.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) status: Status,
    /// Open orders by state. Empty if they were not counted.
    pub(crate) states: BTreeMap<&'static str, u64>,
    /// The memory that Redis uses, and its limit, in bytes, if Redis has used up its memory.
    pub(crate) full_memory: Option<(u64, u64)>,
}

impl Facts {
    /// Reads the facts that concern all orders.
    pub(crate) async fn read(inspector: &Inspector) -> Result<Self, QueueError> {
        // The Redis user of an operator may lack the right to INFO.
        let server = inspector.server_info().await.ok();
        let full = server.filter(hp_queue::ServerInfo::is_full);
        Ok(Self {
            status: inspector.status().await?,
            states: BTreeMap::new(),
            full_memory: full.map(|server| (server.used_memory, server.maxmemory)),
        })
    }

    /// Reads the facts, and counts the open orders by state.
    pub(crate) async fn read_with_states(inspector: &Inspector) -> Result<Self, QueueError> {
        let facts = Self::read(inspector).await?;
        let states = count_states(inspector, facts.now()).await?;
        Ok(Self { states, ..facts })
    }

    pub(crate) fn now(&self) -> Millis {
        Millis(self.status.now)
    }

    pub(crate) fn count(&self, state: &str) -> u64 {
        self.states.get(state).copied().unwrap_or(0)
    }
}

async fn count_states(
    inspector: &Inspector,
    now: Millis,
) -> Result<BTreeMap<&'static str, u64>, QueueError> {
    let (mut scan, mut states) = (OpenOrderScan::default(), BTreeMap::new());
    loop {
        let ids = inspector.open_orders(&mut scan, now, PAGE).await?;
        if ids.is_empty() {
            return Ok(states);
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        for snapshot in inspector.snapshot(&ids).await? {
            let state = snapshot.map_or(UNREADABLE, |snapshot| snapshot.record.state.as_str());
            *states.entry(state).or_default() += 1;
        }
    }
}
