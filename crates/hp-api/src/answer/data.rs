use super::read;
use crate::{
    call_error::CallResult,
    json::Value,
    model::{Card, Order, Product},
};

/// The signed data of an answer, not yet read as anything.
#[derive(PartialEq)]
pub struct Data<'a>(pub(super) Value<'a>);

impl Data<'_> {
    /// Reads the answer of a fetch or of an order query.
    ///
    /// # Errors
    /// [`Shape`](crate::CallError::Shape) where a field is missing or out of format,
    /// [`Mismatch`](crate::CallError::Mismatch) where a card names another order.
    pub fn into_order(self) -> CallResult<Order> {
        read::order(self.0)
    }

    /// Reads the answer of a card query.
    ///
    /// # Errors
    /// [`Shape`](crate::CallError::Shape) where a field is missing or out of format.
    pub fn into_card(self) -> CallResult<Card> {
        read::card(self.0)
    }

    /// Reads the product list, groups in the vendor's order.
    ///
    /// # Errors
    /// [`Shape`](crate::CallError::Shape) where a field is missing or out of format.
    pub fn into_products(self) -> CallResult<Vec<Product>> {
        read::products(self.0)
    }
}

/// Holds card keys, so it shows nothing.
impl std::fmt::Debug for Data<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Data([redacted])")
    }
}
