use std::sync::Arc;

use hp_api::{
    Client, ControlOrder, Doubt, DoubtKind, FetchCards, Learned, NotFoundAnswer, NotFoundRule,
    ProbeError, Settlement, Settler,
};
use hp_order::QueryVerdict;
use hp_queue::{Account, Inspector};
use tokio::sync::Mutex;
use tracing::{info, warn};

/// Queries HitPoints for the record of orders, and knows when "not found" proves that an order was not charged
/// (`docs/adr/0010-a-denial-needs-a-control.md`). The control is the order that was charged last, whichever worker did it.
pub(crate) struct NotFoundProbe {
    settler: Settler<LastCharged>,
    /// Locked while one of those that share what they learn refreshes it.
    refreshing: Arc<Mutex<()>>,
}

/// The order that was charged last with this account.
#[derive(Clone)]
struct LastCharged(Inspector, Account);

impl ControlOrder for LastCharged {
    async fn control_order(&self) -> Result<Option<FetchCards>, String> {
        let last = self.0.last_charged(&self.1).await;
        last.map_err(|error| error.to_string())
    }
}

impl NotFoundProbe {
    pub(crate) fn new(client: Client, inspector: Inspector, account: Account) -> Self {
        Self {
            settler: Settler::new(client, LastCharged(inspector, account)),
            refreshing: Arc::default(),
        }
    }

    /// The same, through another client. Both share what they learn.
    pub(crate) fn with_client(&self, client: Client) -> Self {
        Self {
            settler: self.settler.with_client(client),
            refreshing: Arc::clone(&self.refreshing),
        }
    }

    /// The answer that means "not found", or why it is not known.
    pub(crate) async fn known_or_learned(&self) -> Result<NotFoundAnswer, ProbeError> {
        self.settler.learned_or_learn().await
    }

    /// Learns the answer, or whether it has changed. Keeps the earlier answer until another one is proven.
    pub(crate) async fn refresh(&self) {
        let _refreshing = self.refreshing.lock().await;
        match self.settler.learn().await {
            Ok(Learned {
                answer,
                control: Some(control),
            }) => info!(%answer, %control, "learned the answer that means \"not found\""),
            Ok(_) => {}
            Err(error) => warn!(
                obstacle = "probe",
                %error,
                "the probe failed; an answer learned earlier still counts, and without one the worker resubmits no order in doubt"
            ),
        }
    }

    /// Queries HitPoints for the record of an order.
    pub(crate) async fn query(&self, wanted: &FetchCards, rule: NotFoundRule) -> QueryVerdict {
        match self.settler.settle_by(wanted, rule).await {
            Settlement::Charged(order) => QueryVerdict::Found(order),
            Settlement::Mismatch(mismatch) => QueryVerdict::Mismatch(mismatch),
            Settlement::NotCharged(_) | Settlement::TooEarly(_) => QueryVerdict::NotFound,
            Settlement::Unconfirmed(answer, reason) => {
                warn!(obstacle = "not_found_unconfirmed", %reason, "\"not found\" is not confirmed; a worker queries HitPoints again later");
                unconfirmed(answer, &reason)
            }
            Settlement::Unknown(doubt) => QueryVerdict::Unknown(doubt),
        }
    }
}

fn unconfirmed(answer: NotFoundAnswer, reason: &ProbeError) -> QueryVerdict {
    let code = match answer {
        NotFoundAnswer::Code(code) => Some(code),
        NotFoundAnswer::NoData => None,
    };
    match reason {
        ProbeError::NoControlAnswer(doubt) => QueryVerdict::Unknown(doubt.clone()),
        ProbeError::NoControlRecord(_) => QueryVerdict::Unknown(Doubt {
            kind: DoubtKind::ControlDenied,
            code,
            message: reason.to_string(),
        }),
        _ => QueryVerdict::inconclusive(answer, &reason.to_string()),
    }
}
