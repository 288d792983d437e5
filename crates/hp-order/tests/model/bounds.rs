//! How far the checker looks.

use crate::setting::{Bounds, Dropped, RepeatedId, Setting};

/// Redis loses nothing.
pub(crate) const NO_ROLLBACK: Bounds = Bounds {
    workers: 3,
    failures: 4,
    refusals: 1,
    rollbacks: 0,
    enqueues: 2,
    claims: u8::MAX,
    grows_old: false,
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
    grows_old: false,
};

impl Bounds {
    pub(crate) const fn without_refusals(self) -> Self {
        Self {
            refusals: 0,
            ..self
        }
    }

    /// The most dangerous vendor, all rules, all assumptions.
    pub(crate) const fn setting(self) -> Setting {
        Setting {
            bounds: self,
            repeated_id: RepeatedId::Charged,
            has_late_records: false,
            fault: None,
            dropped: Dropped::None,
            looks_ahead: true,
        }
    }
}
