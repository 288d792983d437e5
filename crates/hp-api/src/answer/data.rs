use std::time::SystemTime;

use super::{read, read_products};
use crate::{
    call_error::CallResult,
    json::Value,
    model::{Card, Order, ProductList},
};

/// The verified data of an answer.
///
/// Each method returns [`Shape`](crate::CallError::Shape) if a field is missing or has the wrong format.
#[derive(PartialEq)]
pub struct Data<'a> {
    pub(super) value: Value<'a>,
    /// The vendor's time, from the signed date.
    pub(super) signed_at: SystemTime,
}

#[allow(
    clippy::missing_errors_doc,
    reason = "the type says what every method returns"
)]
impl Data<'_> {
    /// Reads the answer to a fetch or to an order query.
    ///
    /// # Errors
    /// Also [`Mismatch`](crate::CallError::Mismatch) if a card names another order.
    pub fn into_order(self) -> CallResult<Order> {
        read::order(self.value, self.signed_at)
    }

    /// Reads the answer to a card query.
    pub fn into_card(self) -> CallResult<Card> {
        read::card(self.value)
    }

    /// Reads the product list, and skips the rows that cannot be read.
    ///
    /// # Errors
    /// [`Shape`](crate::CallError::Shape) only if none of the rows can be read.
    pub fn into_products(self) -> CallResult<ProductList> {
        read_products::products(self.value)
    }
}

/// Prints nothing of the data, which contains card keys.
impl std::fmt::Debug for Data<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Data([redacted])")
    }
}
