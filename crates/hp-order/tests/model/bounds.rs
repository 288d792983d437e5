//! How far the checker looks.

use crate::setting::{Bounds, Dropped, Feature, RepeatedId, Setting};

/// Redis loses nothing.
pub(crate) const NO_ROLLBACK: Bounds = Bounds {
    workers: 3,
    failures: 4,
    refusals: 1,
    rollbacks: 0,
    enqueues: 2,
    claims: u8::MAX,
    grows_old: false,
    promotions: 0,
    clock_steps: 0,
    expiries: 0,
    account_switches: 0,
};

pub(crate) const ONE_ROLLBACK: Bounds = Bounds {
    workers: 2,
    failures: 1,
    rollbacks: 1,
    claims: 6,
    ..NO_ROLLBACK
};

pub(crate) const TWO_ROLLBACKS: Bounds = Bounds {
    workers: 2,
    failures: 0,
    refusals: 0,
    rollbacks: 2,
    enqueues: 1,
    claims: 4,
    ..NO_ROLLBACK
};

/// One event of a rare kind beside a few failures.
pub(crate) const FEW_FAILURES: Bounds = Bounds {
    workers: 2,
    failures: 2,
    ..NO_ROLLBACK
};

/// A replica is promoted while the master lives on.
pub(crate) const PROMOTION: Bounds = Bounds {
    workers: 2,
    failures: 0,
    refusals: 0,
    promotions: 1,
    claims: 5,
    enqueues: 1,
    ..NO_ROLLBACK
};

/// The clock of Redis steps twice, in either direction.
pub(crate) const CLOCK_STEPS: Bounds = Bounds {
    clock_steps: 2,
    ..FEW_FAILURES
};

/// The shop uses an id again that the ledger has forgotten.
pub(crate) const EXPIRY: Bounds = Bounds {
    expiries: 1,
    enqueues: 3,
    ..FEW_FAILURES
};

/// The queue gets another account.
pub(crate) const ACCOUNT_SWITCH: Bounds = Bounds {
    account_switches: 1,
    ..FEW_FAILURES
};

impl Bounds {
    pub(crate) const fn without_refusals(self) -> Self {
        Self {
            refusals: 0,
            ..self
        }
    }

    /// A worker may get a refusal that is not the answer to its submission.
    pub(crate) const fn with_surplus_refusals(self) -> Setting {
        Setting {
            feature: Some(Feature::SurplusRefusals),
            ..self.setting()
        }
    }

    /// A front end refuses the calls about this order.
    pub(crate) const fn with_front_end(self) -> Setting {
        Setting {
            feature: Some(Feature::FrontEnd),
            ..self.setting()
        }
    }

    /// The shop repeats the order after its end, too.
    pub(crate) const fn with_replays(self) -> Setting {
        Setting {
            feature: Some(Feature::Replays),
            ..self.setting()
        }
    }

    /// The ages of the order and of the vendor's record matter.
    pub(crate) const fn with_record_ages(self, repeated_id: RepeatedId) -> Setting {
        Setting {
            feature: Some(Feature::RecordAges),
            repeated_id,
            ..self.setting()
        }
    }

    /// The most dangerous vendor, all rules, all assumptions.
    pub(crate) const fn setting(self) -> Setting {
        Setting {
            bounds: self,
            repeated_id: RepeatedId::Charged,
            has_late_records: false,
            feature: None,
            fault: None,
            dropped: Dropped::None,
            looks_ahead: true,
        }
    }
}
