use std::time::Duration;

use hp_queue::{Claim, Client, Control, Handle, Inspector, Ledger, Rules};

use crate::reference::epoch::{EpochName, Watermark};

pub(super) struct Worker {
    pub(super) ledger: Ledger,
    pub(super) control: Control,
    pub(super) inspector: Inspector,
    pub(super) known: Option<Watermark>,
}

#[derive(Clone)]
pub(super) struct HeldClaim {
    pub(super) worker: usize,
    pub(super) claimed: Claim,
    pub(super) epoch: EpochName,
}

impl Worker {
    /// A worker without a watermark.
    pub(super) fn open(client: &Client, prefix: &str, rules: Rules) -> Self {
        let handle = Handle::open(client, &prefix.parse().unwrap());
        let ledger = Ledger::new(handle.clone(), rules.clone());
        ledger.limit_old_master(Some(Duration::ZERO));
        Self {
            ledger,
            control: Control::new(handle.clone(), rules),
            inspector: Inspector::new(handle),
            known: None,
        }
    }
}
