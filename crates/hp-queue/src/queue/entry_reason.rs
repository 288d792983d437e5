/// Why an inbox entry made no order: the `reason` of an answer that speaks of that entry only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryReason {
    /// A field has a fault, and there is no order with this id.
    InvalidJob,
    /// An order with this id has another product, quantity or stream.
    OrderIdConflict,
    /// It repeats an order, and a field has a fault or the result cannot be published again.
    InvalidRepetition,
}

/// Why an inbox entry became a dead letter: the start of its `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeadLetterReason {
    /// It has no usable order id.
    InvalidOrderId,
    /// It has no usable order id, and more fields than a dead letter keeps.
    TooManyFields,
    /// It has no usable order id, and is larger than a dead letter may be.
    TooLarge,
    /// A script failed on it. An explanation follows.
    Unusable,
}

impl EntryReason {
    /// All reasons.
    pub const ALL: [Self; 3] = [
        Self::InvalidJob,
        Self::OrderIdConflict,
        Self::InvalidRepetition,
    ];

    /// The word of the protocol.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJob => "invalid_job",
            Self::OrderIdConflict => "order_id_conflict",
            Self::InvalidRepetition => "invalid_repetition",
        }
    }
}

impl DeadLetterReason {
    /// All reasons.
    pub const ALL: [Self; 4] = [
        Self::InvalidOrderId,
        Self::TooManyFields,
        Self::TooLarge,
        Self::Unusable,
    ];

    /// The word of the protocol.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidOrderId => "invalid_order_id",
            Self::TooManyFields => "too_many_fields",
            Self::TooLarge => "too_large",
            Self::Unusable => "unusable",
        }
    }
}
