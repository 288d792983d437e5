use hp_api::{Currency, CurrencyText};
use hp_order::{Next, Step, TerminalOutcome};

/// What a step adds to the charges of the day.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Charge {
    /// `None` if nothing is charged, or if HitPoints gave no code of a currency.
    currency: Option<Currency>,
    pub(super) minor_units: u64,
}

/// A script can add such amounts of a whole group without a rounding error.
const MOST: u64 = 100_000_000_000_000;

impl Charge {
    /// The charge of an order that ends as completed.
    pub(super) fn of(step: &Step) -> Self {
        let Next::End(TerminalOutcome::Completed { order, .. }) = &step.next else {
            return Self {
                currency: None,
                minor_units: 0,
            };
        };
        Self {
            currency: order.currency.as_ref().and_then(CurrencyText::code),
            minor_units: order.total_price.minor_units().unwrap_or(MOST).min(MOST),
        }
    }

    /// The code of the currency. Empty if it is unknown.
    pub(super) fn currency(&self) -> &str {
        self.currency.as_ref().map_or("", Currency::as_str)
    }
}
