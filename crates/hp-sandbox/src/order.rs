//! An order on the vendor's books.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rust_decimal::Decimal;

use crate::card;
use crate::catalogue::Product;

/// What was charged. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) out_trade_id: Arc<str>,
    pub(crate) number: u64,
    pub(crate) product: &'static Product,
    pub(crate) quantity: u32,
    pub(crate) total: Decimal,
    pub(crate) created: SystemTime,
    /// For how long queries do not find it.
    pub(crate) hidden: Duration,
    /// What is wrong with the record itself.
    pub(crate) flaw: Option<Flaw>,
}

/// A record that contradicts what was ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// One card is missing.
    Short,
    /// Another product.
    WrongProduct,
}

impl Order {
    pub(crate) fn is_visible(&self, now: SystemTime) -> bool {
        now.duration_since(self.created).unwrap_or_default() >= self.hidden
    }

    /// Serial number and key of one card; positions count from 1.
    pub(crate) fn numbers(&self, seed: u64, position: u32) -> (String, String) {
        (
            card::serial(seed, self.number, position),
            card::key(seed, self.number, position),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn order(hidden: Duration) -> Order {
        Order {
            out_trade_id: Arc::from("A-1"),
            number: 1,
            product: &catalogue::products()[0],
            quantity: 1,
            total: Decimal::ONE,
            created: SystemTime::UNIX_EPOCH,
            hidden,
            flaw: None,
        }
    }

    #[test]
    fn a_late_record_is_visible_once_its_time_has_come() {
        let (late, second) = (order(Duration::from_secs(2)), Duration::from_secs(1));
        assert!(!late.is_visible(SystemTime::UNIX_EPOCH + second));
        assert!(late.is_visible(SystemTime::UNIX_EPOCH + 2 * second));
    }

    #[test]
    fn other_records_are_visible_at_once_even_if_the_clock_steps_back() {
        let order = order(Duration::ZERO);
        assert!(order.is_visible(SystemTime::UNIX_EPOCH));
        assert!(order.is_visible(SystemTime::UNIX_EPOCH - Duration::from_secs(9)));
    }
}
