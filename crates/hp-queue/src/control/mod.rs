//! The controls that concern all orders of a queue at once.

pub(crate) mod balance_hold;
pub(crate) mod dead_letter;
pub(crate) mod difference;
pub(crate) mod pause;
pub(crate) mod permits;
pub(crate) mod products;
mod replay;
pub(crate) mod vendor_failure;

use crate::{agreement::Agreement, handle::Handle, rules::Rules};

/// The controls of a queue: pause, call permits, balance holds, product list, replays and dead letters. Cheap to clone.
#[derive(Clone)]
pub struct Control {
    handle: Handle,
    agreement: Agreement,
}

impl Control {
    /// Creates the controls of a queue, with the account and the rules that all its workers share.
    pub fn new(handle: Handle, agreement: impl Into<Agreement>) -> Self {
        Self {
            handle,
            agreement: agreement.into(),
        }
    }

    fn rules(&self) -> Rules {
        self.agreement.rules()
    }
}
