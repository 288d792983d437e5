use crate::{call_error::CallError, doubt::Doubt, value::OrderId};

/// The reason why "not found" proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The order and the probe got different answers.
    #[error("the probe for an id that never existed did not get the same answer")]
    Differs,
    /// The probe got no answer that can mean "not found".
    #[error("HitPoints gave no clear answer to the query for an order that cannot exist: {0}")]
    NoAnswer(String),
    /// Two probes got different answers.
    #[error("HitPoints gave two different answers for orders that cannot exist")]
    Unsteady,
    /// The query for the control got no answer that says anything.
    #[error("HitPoints gave no usable answer to the query for the control, an order that it has charged: {}", .0.message)]
    NoControlAnswer(Doubt),
    /// The vendor denies an order that it has charged.
    #[error(
        "HitPoints does not return the record of order {0}, which it has charged: HitPoints has an outage, or it deleted that record"
    )]
    NoControlRecord(OrderId),
    /// The vendor does not return the product list, which is the control if no charged order is known.
    #[error("cannot fetch the product list: {0}")]
    NoProducts(CallError),
    /// No order is known to be charged any more, and the product list proves too little.
    #[error("no charged order is known that could serve as the control")]
    NoControl,
    /// The source of the control failed.
    #[error("cannot read which order was charged last: {0}")]
    UnknownControl(String),
}
