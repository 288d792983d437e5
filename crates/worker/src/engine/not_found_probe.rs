use std::sync::{Mutex, MutexGuard, PoisonError};

use hp_api::{CallError, Client, Lookup, NotFoundAnswer, OrderId};
use hp_queue::{Account, Inspector, QueueError};
use tracing::{info, warn};

use crate::random::Random;

/// Learns what HitPoints answers to a query for an order that certainly never existed. Only this answer counts as
/// "not found".
///
/// During an outage HitPoints may give every query the same answer. A worker that took such an answer for "not found" would
/// submit charged orders again. So the probe learns an answer only with a positive control: at the same time HitPoints
/// returns the record of a charged order (`docs/adr/0010-a-denial-needs-a-control.md`).
pub(crate) struct NotFoundProbe {
    client: Client,
    inspector: Inspector,
    account: Account,
    random: Random,
    /// The answer that was learned with a charged order as the control.
    known: Mutex<Option<NotFoundAnswer>>,
}

/// What HitPoints returned as the control of a probe.
enum Control {
    Order(OrderId),
    Products,
}

/// Why the probe has not learned what "not found" looks like.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeError {
    #[error("HitPoints gave no clear answer to the query for an order that cannot exist: {0}")]
    NoAnswer(String),
    #[error("HitPoints gave two different answers for orders that cannot exist")]
    Unsteady,
    #[error(
        "HitPoints does not return the record of order {0}, which it has charged: HitPoints has an outage, or it deleted that record"
    )]
    NoControlRecord(OrderId),
    #[error("cannot fetch the product list: {0}")]
    NoProducts(CallError),
    #[error("no charged order is known that could serve as the control")]
    NoControl,
    #[error("cannot read which order was charged last: {0}")]
    Queue(#[from] QueueError),
}

impl ProbeError {
    fn log(&self) {
        warn!(
            error = %self,
            "the probe failed; an answer learned earlier still counts, and without one the worker resubmits no order in doubt"
        );
    }
}

impl NotFoundProbe {
    pub(crate) fn new(
        client: Client,
        inspector: Inspector,
        account: Account,
        random: Random,
    ) -> Self {
        Self {
            client,
            inspector,
            account,
            random,
            known: Mutex::default(),
        }
    }

    /// The answer that means "not found", if it is known or can be learned now.
    pub(crate) async fn answer(&self) -> Option<NotFoundAnswer> {
        self.known_or_learned()
            .await
            .inspect_err(ProbeError::log)
            .ok()
    }

    /// The answer that means "not found". Where no control is to be had, it is what HitPoints answers now. That suffices for
    /// an order whose only submission was refused: the query only confirms the refusal.
    pub(crate) async fn answer_without_control(&self) -> Option<NotFoundAnswer> {
        match self.known_or_learned().await {
            Ok(answer) => Some(answer),
            Err(_) => self.ask().await.inspect_err(ProbeError::log).ok(),
        }
    }

    /// Checks that HitPoints returns the record of a charged order at this moment: during an outage it may answer every
    /// query with the words that mean "not found".
    pub(crate) async fn confirm(&self) -> Result<(), ProbeError> {
        match self.control().await? {
            // The answer was learned with an order as the control, and the product list proves less.
            Control::Products if self.known().is_some() => Err(ProbeError::NoControl),
            _ => Ok(()),
        }
    }

    /// The answer that means "not found", or why it is not known.
    pub(crate) async fn known_or_learned(&self) -> Result<NotFoundAnswer, ProbeError> {
        let known = *self.known();
        match known {
            Some(answer) => Ok(answer),
            None => self.learn().await,
        }
    }

    /// Learns the answer, or whether it has changed. Keeps the earlier answer until another one is proven.
    pub(crate) async fn refresh(&self) {
        if let Err(error) = self.learn().await {
            error.log();
        }
    }

    async fn learn(&self) -> Result<NotFoundAnswer, ProbeError> {
        let before = *self.known();
        let answer = self.ask().await?;
        if before == Some(answer) {
            return Ok(answer);
        }
        let control = self.control().await?;
        // An outage may have ended just before the control.
        if self.ask().await? != answer {
            return Err(ProbeError::Unsteady);
        }
        match control {
            Control::Order(control) => {
                info!(%answer, %control, "learned the answer that means \"not found\"");
                *self.known() = Some(answer);
                Ok(answer)
            }
            Control::Products if before.is_some() => Err(ProbeError::NoControl),
            // The product list proves little, so this answer counts for this query only.
            Control::Products => Ok(answer),
        }
    }

    /// Queries HitPoints for a random id.
    async fn ask(&self) -> Result<NotFoundAnswer, ProbeError> {
        let unclear = |why: &dyn ToString| ProbeError::NoAnswer(why.to_string());
        let id: OrderId = format!("probe-{}", self.random.alphanumeric(32))
            .parse()
            .map_err(|invalid| unclear(&invalid))?;
        match Lookup::of(self.client.query_order(&id).await) {
            Lookup::NotFound(answer) => Ok(answer),
            Lookup::Unknown(doubt) => Err(unclear(&doubt.message)),
            Lookup::Mismatch(mismatch) => Err(unclear(&mismatch)),
            Lookup::Found(_) => Err(unclear(&"a record")),
        }
    }

    /// Queries the order that was charged last. Before the first charge the product list serves instead.
    async fn control(&self) -> Result<Control, ProbeError> {
        let Some(order) = self.inspector.last_charged(&self.account).await? else {
            let products = self.client.products(None).await;
            products.map_err(ProbeError::NoProducts)?;
            return Ok(Control::Products);
        };
        match Lookup::of(self.client.query(&order).await) {
            Lookup::Found(_) => Ok(Control::Order(order.order_id)),
            // A record that HitPoints has deleted looks the same. The next charged order replaces this control.
            _ => Err(ProbeError::NoControlRecord(order.order_id)),
        }
    }

    fn known(&self) -> MutexGuard<'_, Option<NotFoundAnswer>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
