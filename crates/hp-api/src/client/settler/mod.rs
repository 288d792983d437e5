//! Settles unknown outcomes: decides when "not found" proves that an order was not charged.

mod control;
mod error;
mod probe;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

pub use control::ControlOrder;
pub use error::ProbeError;
pub use probe::Learned;

use super::calls::Client;
use crate::{
    doubt::Doubt,
    lookup::{Lookup, NotFoundAnswer},
    model::{FetchCards, Mismatch, Order},
};

/// Settles unknown outcomes.
///
/// A query answers "not found" both for an order that the vendor never got, and for every order during an outage. So
/// "not found" proves that an order was not charged only if all of this holds:
///
/// 1. Enough time has passed since the purchase was sent, so that it is assumed not to be executed any more.
/// 2. The vendor gives exactly this answer for an id that never existed: the *probe*.
/// 3. At the same time the vendor gives the record of an order that it has charged: the *control*.
/// 4. The vendor then denies the order again, because an outage may have ended just before the control.
///
/// A settler keeps the answer to the probe. Use one settler for all orders of an account.
#[derive(Debug)]
pub struct Settler<C> {
    client: Client,
    control: C,
    /// The answer that was learned with a charged order as the control.
    learned: Arc<Mutex<Option<NotFoundAnswer>>>,
}

/// What "not found" may decide about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotFoundRule {
    /// It proves that the order was not charged, if probe and control confirm it.
    Proven,
    /// It settles nothing, because the vendor may still execute the purchase. The probe is made, the control is not.
    TooEarly,
    /// It counts if it is the answer to the probe; the control is not made. It confirms a refusal, if no request for this
    /// order has an unknown outcome.
    WithoutControl,
}

/// What is certain about an order after a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The vendor has a record of this id that matches the request, and these are its cards.
    ///
    /// If the id was used before, it is the record of that order. Compare [`Order::record_age`] with the time since the
    /// order was first sent.
    Charged(Box<Order>),
    /// The vendor has a record under this id, but it is not the order: an operator must review it.
    Mismatch(Mismatch),
    /// The order was not charged, as far as the rule requires proof.
    ///
    /// After [`DoubtKind::Exists`](crate::DoubtKind::Exists) an operator decides: the vendor has said that it knows the id,
    /// so do not fetch again.
    NotCharged(NotFoundAnswer),
    /// The vendor has no record yet. Settle again later.
    TooEarly(NotFoundAnswer),
    /// The answer means "not found", but the reason says why it proves nothing. Settle again later.
    Unconfirmed(NotFoundAnswer, ProbeError),
    /// The answer is not definite. Settle again later.
    Unknown(Doubt),
}

impl<C: ControlOrder> Settler<C> {
    /// The time after which, it is assumed, no request that was sent once is executed any more. The vendor rejects a request
    /// with an old date, but does not document how old the date may be.
    pub const PATIENCE: Duration = Duration::from_mins(5);

    /// Creates a settler. `control` names an order that the vendor has charged.
    pub fn new(client: Client, control: C) -> Self {
        Self {
            client,
            control,
            learned: Arc::default(),
        }
    }

    /// Creates a settler of the same account that sends through another client. Both share what they learn.
    #[must_use]
    pub fn with_client(&self, client: Client) -> Self
    where
        C: Clone,
    {
        Self {
            client,
            control: self.control.clone(),
            learned: Arc::clone(&self.learned),
        }
    }

    /// Settles an order whose purchase was sent this long ago, for the last time.
    ///
    /// Measure `since_sent` with a monotonic clock, such as [`Instant`](std::time::Instant). A clock that is set forward would
    /// end the wait too early.
    pub async fn settle(&self, wanted: &FetchCards, since_sent: Duration) -> Settlement {
        let rule = if since_sent < Self::PATIENCE {
            NotFoundRule::TooEarly
        } else {
            NotFoundRule::Proven
        };
        self.settle_by(wanted, rule).await
    }

    /// Settles an order. The caller decides what "not found" may mean.
    pub async fn settle_by(&self, wanted: &FetchCards, rule: NotFoundRule) -> Settlement {
        let answer = match self.look_up(wanted).await {
            Ok(settlement) => return settlement,
            Err(answer) => answer,
        };
        match self.prove(answer, rule).await {
            Err(reason) => Settlement::Unconfirmed(answer, reason),
            Ok(()) if rule == NotFoundRule::TooEarly => Settlement::TooEarly(answer),
            Ok(()) if rule == NotFoundRule::WithoutControl => Settlement::NotCharged(answer),
            Ok(()) => match self.look_up_again(wanted).await {
                Ok(settlement) => settlement,
                Err(again) if again == answer => Settlement::NotCharged(answer),
                Err(again) => Settlement::Unconfirmed(again, ProbeError::Differs),
            },
        }
    }

    async fn look_up(&self, wanted: &FetchCards) -> Result<Settlement, NotFoundAnswer> {
        match Lookup::of(self.client.query(wanted).await) {
            Lookup::Found(order) => Ok(Settlement::Charged(order)),
            Lookup::Mismatch(mismatch) => Ok(Settlement::Mismatch(mismatch)),
            Lookup::Unknown(doubt) => Ok(Settlement::Unknown(doubt)),
            Lookup::NotFound(answer) => Err(answer),
        }
    }

    async fn look_up_again(&self, wanted: &FetchCards) -> Result<Settlement, NotFoundAnswer> {
        self.client.permit_extra_call().await;
        self.look_up(wanted).await
    }

    async fn prove(&self, answer: NotFoundAnswer, rule: NotFoundRule) -> Result<(), ProbeError> {
        let learned = match self.learned_or_learn().await {
            Err(_) if rule == NotFoundRule::WithoutControl => self.probe().await?,
            learned => learned?,
        };
        match rule {
            _ if learned != answer => Err(ProbeError::Differs),
            NotFoundRule::Proven => self.check_control().await,
            NotFoundRule::TooEarly | NotFoundRule::WithoutControl => Ok(()),
        }
    }

    fn learned(&self) -> MutexGuard<'_, Option<NotFoundAnswer>> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
