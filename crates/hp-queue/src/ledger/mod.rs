//! The worker's side of a queue: it claims orders and settles them.

pub(crate) mod claim;
pub(crate) mod claim_orders;
mod epoch;
pub(crate) mod preview;
mod read_claims;
mod record_changes;
pub(crate) mod restore;
pub(crate) mod settle;
mod watermark;
pub(crate) mod worker;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{agreement::Agreement, handle::Handle, rules::Rules};
use watermark::EpochWatermark;

/// The worker's side of a queue: claims orders, renews their leases and settles them. Cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    handle: Handle,
    agreement: Agreement,
    watermark: Arc<Mutex<EpochWatermark>>,
}

impl Ledger {
    /// Creates the ledger of a queue, with the account and the rules that all its workers share.
    pub fn new(handle: Handle, agreement: impl Into<Agreement>) -> Self {
        Self {
            handle,
            agreement: agreement.into(),
            watermark: Arc::default(),
        }
    }

    /// The epoch of Redis that this process knows, empty before the first call. It changes with a restart or a failover.
    pub fn known_epoch(&self) -> String {
        self.watermark().epoch.to_string()
    }

    fn rules(&self) -> Rules {
        self.agreement.rules()
    }

    fn watermark(&self) -> MutexGuard<'_, EpochWatermark> {
        self.watermark
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
