use std::collections::HashSet;

use super::{
    mismatch::Mismatch,
    order::{Card, FetchCards, Order},
};
use crate::value::{CurrencyText, OrderStatus};

/// Up to this many cards, comparing each pair is cheaper than a set.
const FEW_CARDS: usize = 16;

impl Order {
    /// Checks that this is the requested order, that it is completed, and that it has a card for each unit.
    ///
    /// # Errors
    /// The first [`Mismatch`] found.
    pub fn validate(&self, wanted: &FetchCards) -> Result<(), Mismatch> {
        self.check_identity(wanted)?;
        if let OrderStatus::Other(word) = &self.status {
            return Err(Mismatch::NotCompleted(word.clone()));
        }
        self.check_cards()?;
        match self.unit_price.times(self.quantity.get()) {
            Some(total) if total == self.total_price => Ok(()),
            _ => Err(Mismatch::Price {
                unit: self.unit_price,
                total: self.total_price,
            }),
        }
    }

    fn check_identity(&self, wanted: &FetchCards) -> Result<(), Mismatch> {
        if self.out_trade_id != wanted.order_id {
            return Err(Mismatch::OrderId);
        }
        if self.product_id != wanted.product_id {
            return Err(Mismatch::ProductId {
                wanted: wanted.product_id.get(),
                got: self.product_id.get(),
            });
        }
        if self.quantity != wanted.quantity {
            return Err(Mismatch::Quantity {
                wanted: wanted.quantity.get(),
                got: self.quantity.get(),
            });
        }
        Ok(())
    }

    fn check_cards(&self) -> Result<(), Mismatch> {
        let (wanted, got) = (self.quantity.get(), self.cards.len());
        if usize::try_from(wanted) != Ok(got) {
            return Err(Mismatch::CardCount { wanted, got });
        }
        for (index, card) in self.cards.iter().enumerate() {
            self.check_card(card)
                .map_err(|field| Mismatch::Card(format!("order_pins[{index}].{field}")))?;
        }
        if has_duplicates(&self.cards) {
            return Err(Mismatch::Card("the same pin_sn twice".to_owned()));
        }
        Ok(())
    }

    fn check_card(&self, card: &Card) -> Result<(), &'static str> {
        if card.product_id.is_some_and(|id| id != self.product_id) {
            return Err("product_id");
        }
        let code = self.currency.as_ref().and_then(CurrencyText::code);
        if let (Some(code), Some(card_code)) = (code, card.currency)
            && code != card_code
        {
            return Err("currency");
        }
        Ok(())
    }
}

fn has_duplicates(cards: &[Card]) -> bool {
    if cards.len() <= FEW_CARDS {
        let is_duplicate = |(index, card): (usize, &Card)| {
            cards[..index]
                .iter()
                .any(|other| other.pin_sn == card.pin_sn)
        };
        return cards.iter().enumerate().any(is_duplicate);
    }
    let mut seen = HashSet::with_capacity(cards.len());
    !cards.iter().all(|card| seen.insert(card.pin_sn.as_str()))
}
