use std::collections::HashSet;

use super::{Card, FetchCards, Order};
use crate::value::OrderStatus;

/// How a signed answer differs from what was asked. No variant holds a card's key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It speaks of another order.
    #[error("the answer is about another order id; an old or mixed up answer, query again")]
    OrderId,
    /// The order has another product.
    #[error("the order has another product_id than asked for; the order id was used before")]
    ProductId,
    /// The order has another quantity.
    #[error("the order has another quantity than asked for; the order id was used before")]
    Quantity,
    /// Not one card for each unit.
    #[error("{got} cards came for {wanted} units; ask the vendor for the order's cards")]
    CardCount {
        /// Units asked for.
        wanted: u32,
        /// Cards in the answer.
        got: usize,
    },
    /// A card does not belong to the order; names the field.
    #[error("a card does not fit its order: {0}; ask the vendor for the order's cards")]
    Card(String),
    /// The total is not the unit price times the quantity.
    #[error("total_price is not unit_price times quantity; ask the vendor what was charged")]
    Price,
    /// The order is not completed; holds the status.
    #[error("the order is not completed yet (status {0:?}); query again")]
    NotCompleted(String),
}

impl Order {
    /// Whether this is the order that was wanted, completed, with a card for each unit.
    ///
    /// # Errors
    /// The first difference found.
    pub fn fits(&self, wanted: &FetchCards) -> Result<(), Mismatch> {
        self.is_the_one(wanted)?;
        if let OrderStatus::Other(word) = &self.status {
            return Err(Mismatch::NotCompleted(word.clone()));
        }
        self.has_its_cards()?;
        match self.unit_price.times(self.quantity.get()) {
            Some(total) if total == self.total_price => Ok(()),
            _ => Err(Mismatch::Price),
        }
    }

    fn is_the_one(&self, wanted: &FetchCards) -> Result<(), Mismatch> {
        if self.out_trade_id != wanted.order_id {
            return Err(Mismatch::OrderId);
        }
        if self.product_id != wanted.product_id {
            return Err(Mismatch::ProductId);
        }
        if self.quantity != wanted.quantity {
            return Err(Mismatch::Quantity);
        }
        Ok(())
    }

    fn has_its_cards(&self) -> Result<(), Mismatch> {
        let (wanted, got) = (self.quantity.get(), self.cards.len());
        if usize::try_from(wanted) != Ok(got) {
            return Err(Mismatch::CardCount { wanted, got });
        }
        for (index, card) in self.cards.iter().enumerate() {
            self.owns(card)
                .map_err(|field| Mismatch::Card(format!("order_pins[{index}].{field}")))?;
        }
        if repeated(&self.cards) {
            return Err(Mismatch::Card("the same pin_sn twice".to_owned()));
        }
        Ok(())
    }

    fn owns(&self, card: &Card) -> Result<(), &'static str> {
        if card.product_id != self.product_id {
            return Err("product_id");
        }
        if card.currency != self.currency {
            return Err("currency");
        }
        Ok(())
    }
}

fn repeated(cards: &[Card]) -> bool {
    // Most orders are small; a set for three cards would cost more than it saves.
    if cards.len() <= 16 {
        let seen_before = |(index, card): (usize, &Card)| {
            cards[..index]
                .iter()
                .any(|other| other.pin_sn == card.pin_sn)
        };
        return cards.iter().enumerate().any(seen_before);
    }
    let mut seen = HashSet::with_capacity(cards.len());
    !cards.iter().all(|card| seen.insert(card.pin_sn.as_str()))
}
