use super::{ControlOrder, ProbeError, Settler};
use crate::{
    call_error::CallResult,
    lookup::{Lookup, NotFoundAnswer},
    value::OrderId,
};

/// The answer that means "not found", and what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// The answer.
    pub answer: NotFoundAnswer,
    /// The charged order that was the control, if the answer is new. The settler keeps an answer only with a control.
    pub control: Option<OrderId>,
}

/// What the vendor returned as the control.
enum Control {
    Order(OrderId),
    Products,
}

impl<C: ControlOrder> Settler<C> {
    /// Learns the answer that means "not found", or whether it has changed. Keeps the earlier answer until another one is
    /// proven.
    ///
    /// # Errors
    /// The reason why the answer is not proven.
    pub async fn learn(&self) -> Result<Learned, ProbeError> {
        let before = *self.learned();
        let answer = self.probe().await?;
        if before == Some(answer) {
            return Ok(Learned {
                answer,
                control: None,
            });
        }
        let control = self.control().await?;
        // An outage may have ended just before the control.
        if self.probe().await? != answer {
            return Err(ProbeError::Unsteady);
        }
        let control = match control {
            Control::Order(order) => Some(order),
            Control::Products if before.is_some() => return Err(ProbeError::NoControl),
            // The product list proves little, so this answer counts for this query only.
            Control::Products => None,
        };
        if control.is_some() {
            *self.learned() = Some(answer);
        }
        Ok(Learned { answer, control })
    }

    /// Returns the answer that means "not found", if it is known or can be learned now.
    ///
    /// # Errors
    /// The reason why the answer is not known.
    pub async fn learned_or_learn(&self) -> Result<NotFoundAnswer, ProbeError> {
        let learned = *self.learned();
        match learned {
            Some(answer) => Ok(answer),
            None => Ok(self.learn().await?.answer),
        }
    }

    /// Checks that the vendor returns the record of a charged order at this moment: during an outage it may answer every
    /// query with the words that mean "not found".
    pub(super) async fn check_control(&self) -> Result<(), ProbeError> {
        match self.control().await? {
            // The answer was learned with an order as the control, and the product list proves less.
            Control::Products if self.learned().is_some() => Err(ProbeError::NoControl),
            Control::Order(_) | Control::Products => Ok(()),
        }
    }

    /// Queries a random id.
    pub(super) async fn probe(&self) -> Result<NotFoundAnswer, ProbeError> {
        let unclear = |why: &dyn ToString| ProbeError::NoAnswer(why.to_string());
        let id: OrderId = self
            .client
            .random_id()
            .try_into()
            .map_err(|why| unclear(&why))?;
        self.client.permit_extra_call().await;
        match Lookup::of(self.client.query_order(&id).await) {
            Lookup::NotFound(answer) => Ok(answer),
            Lookup::Unknown(doubt) => Err(unclear(&doubt.message)),
            Lookup::Mismatch(mismatch) => Err(unclear(&mismatch)),
            Lookup::Found(_) => Err(unclear(&"a record")),
        }
    }

    async fn control(&self) -> Result<Control, ProbeError> {
        let order = self.control.control_order().await;
        self.client.permit_extra_call().await;
        let Some(order) = order.map_err(ProbeError::UnknownControl)? else {
            let products: CallResult<_> = self.client.products(None).await;
            products.map_err(ProbeError::NoProducts)?;
            return Ok(Control::Products);
        };
        match Lookup::of(self.client.query(&order).await) {
            Lookup::Found(_) => Ok(Control::Order(order.order_id)),
            Lookup::Unknown(doubt) => Err(ProbeError::NoControlAnswer(doubt)),
            // A record that the vendor has deleted looks the same. The next charged order replaces this control.
            _ => Err(ProbeError::NoControlRecord(order.order_id)),
        }
    }
}
