use crate::value::Money;

/// A difference between a signed answer and the request. No variant holds a card's key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The answer is about another order.
    #[error("the answer is about another order id: an old or mixed up answer; query again")]
    OrderId,
    /// The order has another product.
    #[error(
        "the order has product_id {got}, and {wanted} was requested: its order id was used before"
    )]
    ProductId {
        /// The requested product.
        wanted: u64,
        /// The product of the order.
        got: u64,
    },
    /// The order has another quantity.
    #[error(
        "the order has quantity {got}, and {wanted} was requested: its order id was used before"
    )]
    Quantity {
        /// The requested quantity.
        wanted: u32,
        /// The quantity of the order.
        got: u32,
    },
    /// The number of cards is not the quantity.
    #[error("the answer has {got} cards for {wanted} units; ask the vendor for the order's cards")]
    CardCount {
        /// The number of requested units.
        wanted: u32,
        /// The number of cards in the answer.
        got: usize,
    },
    /// A card does not belong to the order. Names the field.
    #[error("a card does not fit its order: {0}; ask the vendor for the order's cards")]
    Card(String),
    /// The total is not the unit price times the quantity.
    #[error(
        "total_price {total} is not unit_price {unit} times quantity; ask the vendor what was charged"
    )]
    Price {
        /// The price of one card.
        unit: Money,
        /// The charged amount.
        total: Money,
    },
    /// The order is not completed. Holds the status.
    #[error("the order is not completed yet (status {0:?}); query again")]
    NotCompleted(String),
}

impl Mismatch {
    /// Returns `true` if the record exists but is not settled yet.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self, Self::NotCompleted(_))
    }

    /// Returns `true` if the vendor's record of this order id is not the order.
    ///
    /// An answer about another order id is an old or mixed up one, and says nothing about this order.
    pub(crate) fn contradicts_order(&self) -> bool {
        !self.is_pending() && *self != Self::OrderId
    }
}
