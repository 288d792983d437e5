use crate::view::EpochView;

/// The name of an epoch. To learn that writes are lost begins another epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EpochName {
    pub(crate) server: u32,
    /// The call that began it: an emptied server begins another epoch.
    pub(super) began: u64,
    pub(crate) is_lossy: bool,
}

impl EpochName {
    /// The epoch of a Redis that no worker has called.
    pub(super) const NONE: Self = Self {
        server: u32::MAX,
        began: 0,
        is_lossy: false,
    };

    fn is_part_of(self, other: Self) -> bool {
        (self.server, self.began) == (other.server, other.began)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch {
    pub(crate) name: EpochName,
    pub(crate) doubts: AdmissionDoubt,
    pub(crate) claims: u64,
    pub(super) claims_before: u64,
    pub(super) before: Option<EpochName>,
}

/// Which new orders may have been submitted and then been forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AdmissionDoubt {
    #[default]
    None,
    All,
    /// Those that are in the inbox at the next call: the time has just passed.
    Passed,
    /// Those that were in the inbox when the time had passed.
    OfBefore,
}

/// The latest claim that a worker knows of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watermark {
    pub(crate) epoch: EpochName,
    pub(crate) claims: u64,
    /// The number of the latest call that Redis knew. `None`: every request of that time has arrived by now.
    pub(crate) latest: Option<u64>,
}

/// Which worker calls which server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// The server's present life.
    pub(crate) server: u32,
    /// The number of the call, whatever Redis forgets.
    pub(crate) number: u64,
    pub(crate) known: Option<Watermark>,
}

impl Epoch {
    pub(super) fn view(self) -> EpochView {
        EpochView {
            is_lossy: self.name.is_lossy,
            doubts: self.doubts != AdmissionDoubt::None,
            claims: self.claims,
        }
    }

    pub(super) fn is_disproved_by(&self, known: Watermark) -> bool {
        let is_of_before = self.before.is_some_and(|name| name.is_part_of(known.epoch));
        let watermark = if is_of_before { self.claims_before } else { 0 };
        !self.name.is_part_of(known.epoch) && known.claims > watermark
    }
}
