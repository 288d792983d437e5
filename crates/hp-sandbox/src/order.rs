//! An order that the vendor has charged.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::card;
use crate::catalogue::Product;
use crate::rng::KeyedRng;

/// A charged order. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) out_trade_id: Arc<str>,
    pub(crate) number: u64,
    pub(crate) product: &'static Product,
    pub(crate) quantity: u32,
    pub(crate) total: Decimal,
    pub(crate) created: SystemTime,
    /// How long queries do not find the order.
    pub(crate) record_delay: Duration,
    /// The defect of the stored record.
    pub(crate) record_defect: Option<Defect>,
}

/// A difference between an answer and the order that was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Defect {
    /// One card is missing.
    Short,
    /// The answer shows another product.
    WrongProduct,
    /// All fields that only describe the order and its cards are null.
    Sparse,
}

impl Order {
    pub(crate) fn is_visible(&self, now: SystemTime) -> bool {
        now.duration_since(self.created).unwrap_or_default() >= self.record_delay
    }

    /// Returns the serial number and the key of one card. Positions start at 1.
    pub(crate) fn card(&self, rng: KeyedRng, position: u32) -> (String, String) {
        (
            card::serial(rng, self.number, position),
            card::key(rng, self.number, position),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn order(record_delay: Duration) -> Order {
        Order {
            out_trade_id: Arc::from("A-1"),
            number: 1,
            product: &catalogue::products()[0],
            quantity: 1,
            total: Decimal::ONE,
            created: SystemTime::UNIX_EPOCH,
            record_delay,
            record_defect: None,
        }
    }

    #[test]
    fn late_record_becomes_visible_after_its_delay() {
        let (late, second) = (order(Duration::from_secs(2)), Duration::from_secs(1));
        assert!(!late.is_visible(SystemTime::UNIX_EPOCH + second));
        assert!(late.is_visible(SystemTime::UNIX_EPOCH + 2 * second));
    }

    #[test]
    fn record_stays_visible_if_the_clock_steps_back() {
        let order = order(Duration::ZERO);
        assert!(order.is_visible(SystemTime::UNIX_EPOCH));
        assert!(order.is_visible(SystemTime::UNIX_EPOCH - Duration::from_secs(9)));
    }
}
