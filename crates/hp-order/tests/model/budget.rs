//! What may still go wrong.

use crate::setting::Bounds;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    pub(crate) failures: u8,
    pub(crate) refusals: u8,
    pub(crate) rollbacks: u8,
    pub(crate) enqueues: u8,
    pub(crate) promotions: u8,
    pub(crate) clock_steps: u8,
    pub(crate) expiries: u8,
    pub(crate) account_switches: u8,
}

impl Budget {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            failures: bounds.failures,
            refusals: bounds.refusals,
            rollbacks: bounds.rollbacks,
            enqueues: bounds.enqueues,
            promotions: bounds.promotions,
            clock_steps: bounds.clock_steps,
            expiries: bounds.expiries,
            account_switches: bounds.account_switches,
        }
    }
}

/// Takes one from a budget. An action without budget is impossible.
pub(crate) fn spend(budget: &mut u8) -> Option<()> {
    *budget = budget.checked_sub(1)?;
    Some(())
}

/// Makes an action impossible unless the condition holds.
pub(crate) fn require(condition: bool) -> Option<()> {
    condition.then_some(())
}
