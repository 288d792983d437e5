//! Values that check themselves when they are made, so that nothing later has to.

mod id;
mod money;
mod number;
mod secret;
mod status;

pub use id::{OrderId, PinSn};
pub use money::{Currency, Money};
pub use number::{ProductId, Quantity};
pub use secret::{AppSecret, PinKey};
pub use status::{CardStatus, OrderStatus};

/// A text or number that cannot be the value it was taken for; says why, without quoting it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(String);

impl Invalid {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}
