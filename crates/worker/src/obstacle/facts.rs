use std::collections::BTreeMap;

use hp_order::{Millis, State};
use hp_queue::{Handle, Inspector, OpenOrderScan, QueueError, ServerInfo, Status};

const PAGE: usize = 256;

/// The most open orders whose records are read to count their states. With more, the counts of the queue must do: a command
/// must not keep Redis busy.
const MAX_COUNTED: u64 = 10_000;

/// The state of orders whose record cannot be read.
pub(crate) const UNREADABLE: &str = "unreadable";

/// The facts from which the obstacles follow.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) status: Status,
    /// Open orders by state. Empty if they were not counted.
    pub(crate) states: BTreeMap<&'static str, u64>,
    /// What the server says about itself. `None`: the Redis user of an operator may lack the right to INFO.
    pub(crate) server: Option<ServerInfo>,
    /// The code of the refusal if Redis refuses writes, such as `MISCONF`.
    pub(crate) refused_write: Option<String>,
}

impl Facts {
    /// Reads the facts that concern all orders.
    pub(crate) async fn read(queue: &Handle) -> Result<Self, QueueError> {
        let inspector = Inspector::new(queue.clone());
        let written = queue.check_write().await;
        let refused = written.as_ref().err().and_then(QueueError::code);
        // The Redis user of an operator may lack the right to write.
        let refused = refused.filter(|code| *code != "NOPERM");
        Ok(Self {
            status: inspector.status().await?,
            states: BTreeMap::new(),
            server: inspector.server_info().await.ok(),
            refused_write: refused.map(Into::into),
        })
    }

    /// Reads the facts, and counts the open orders by state.
    pub(crate) async fn read_with_states(queue: &Handle) -> Result<Self, QueueError> {
        let facts = Self::read(queue).await?;
        if facts.status.open > MAX_COUNTED {
            return Ok(facts.with_kept_states());
        }
        let states = count_states(&Inspector::new(queue.clone()), facts.now()).await?;
        Ok(Self { states, ..facts })
    }

    /// Reads the facts for a screen that is drawn again and again. Reads no record of an order.
    pub(crate) async fn read_cheaply(queue: &Handle) -> Result<Self, QueueError> {
        Ok(Self::read(queue).await?.with_kept_states())
    }

    /// Takes the counts that the queue keeps.
    fn with_kept_states(self) -> Self {
        let states = self.status.open_orders.by_state();
        let states = states
            .into_iter()
            .filter(|(_, orders)| *orders > 0)
            .map(|(state, orders)| (state.as_str(), orders))
            .collect();
        Self { states, ..self }
    }

    pub(crate) fn now(&self) -> Millis {
        Millis(self.status.now)
    }

    /// The number of orders and entries that a worker could go on with.
    pub(crate) fn waiting(&self) -> u64 {
        let needs_operator = self.count(State::Review.as_str()) + self.count(UNREADABLE);
        self.status.new + self.status.open.saturating_sub(needs_operator)
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
