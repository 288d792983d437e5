use std::sync::Arc;

use crate::{error::QueueError, fields::FieldReader};

/// The latest claim that this process knows of. If Redis does not know it, Redis has lost writes.
#[derive(Default)]
pub(super) struct EpochWatermark {
    pub(super) epoch: Arc<str>,
    pub(super) claim: u64,
}

impl EpochWatermark {
    pub(super) fn read(answer: &FieldReader<'_>) -> Result<Self, QueueError> {
        let epoch: String = answer.answer("epoch")?;
        Ok(Self {
            epoch: epoch.into(),
            claim: answer.answer("claims_so_far")?,
        })
    }

    /// Answers may overtake each other.
    pub(super) fn learn(&mut self, new: Self) {
        let claim = if self.epoch == new.epoch {
            self.claim.max(new.claim)
        } else {
            new.claim
        };
        *self = Self { claim, ..new };
    }
}
