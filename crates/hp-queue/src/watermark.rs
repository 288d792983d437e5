use std::sync::Arc;

/// The latest take that this worker knows of. If Redis does not, it has lost writes.
#[derive(Default)]
pub(crate) struct EpochWatermark {
    pub(crate) epoch: Arc<str>,
    pub(crate) take: u64,
}

impl EpochWatermark {
    /// Answers may overtake each other.
    pub(crate) fn learn(&mut self, new: Self) {
        let take = if self.epoch == new.epoch {
            self.take.max(new.take)
        } else {
            new.take
        };
        *self = Self { take, ..new };
    }
}
