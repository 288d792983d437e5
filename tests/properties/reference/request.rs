use hp_order::{Record, Step, VendorSignal};

use super::epoch::{Caller, EpochName};
use crate::operation::ReplyWords;

/// A claim, as the worker asks for it.
#[derive(Clone, Copy)]
pub(crate) struct ClaimRequest {
    pub(crate) n: usize,
    pub(crate) lease_is_over: bool,
    pub(crate) caller: Caller,
}

/// A settle call, as the holder of a claim makes it.
#[derive(Clone)]
pub(crate) struct SettleRequest {
    /// The order as it was claimed.
    pub(crate) record: Record,
    pub(crate) epoch: EpochName,
    pub(crate) words: ReplyWords,
    pub(crate) step: Step,
    pub(crate) signal: VendorSignal,
}

impl SettleRequest {
    pub(super) fn id(&self) -> &str {
        self.record.wanted.order_id.as_str()
    }
}
