use hp_order::Step;

/// The effect of a settle call.
#[derive(Debug)]
pub(crate) enum Settlement {
    /// The step is in the ledger.
    Applied(Step),
    /// Another worker has claimed the order, or Redis may have forgotten such a claim. Nothing was changed.
    ClaimLost,
    /// Redis had forgotten the order. It is there again, in doubt.
    Restored,
}
