use super::Reference;
use crate::view;

/// The name of an epoch. To learn that writes are lost begins another epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EpochName {
    pub(crate) server: u32,
    /// The call that began it: an emptied server begins another epoch.
    began: u64,
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
    claims_before: u64,
    before: Option<EpochName>,
}

/// Which new orders may have been submitted and then been forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AdmissionDoubt {
    #[default]
    None,
    All,
    /// Those that were in the inbox when the epoch began: for the others it has lasted too long.
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
    pub(super) fn view(self) -> view::EpochView {
        view::EpochView {
            is_lossy: self.name.is_lossy,
            doubts: self.doubts != AdmissionDoubt::None,
            claims: self.claims,
        }
    }

    fn is_disproved_by(&self, known: Watermark) -> bool {
        let is_of_before = self.before.is_some_and(|name| name.is_part_of(known.epoch));
        let watermark = if is_of_before { self.claims_before } else { 0 };
        !self.name.is_part_of(known.epoch) && known.claims > watermark
    }
}

impl Reference {
    /// A call finds out which life of Redis this is, and whether the caller knows more than Redis.
    pub(crate) fn notice(&mut self, caller: Caller) -> Epoch {
        let mut epoch = match self.epoch {
            Some(epoch) if epoch.name.server == caller.server => epoch,
            before => self.begin(caller, before),
        };
        let is_disproved = caller
            .known
            .is_some_and(|known| epoch.is_disproved_by(known));
        if is_disproved && !epoch.name.is_lossy {
            epoch.name.is_lossy = true;
            epoch.claims += 1;
            self.history.push(caller.number);
            if epoch.doubts == AdmissionDoubt::None {
                epoch.doubts = AdmissionDoubt::All;
                self.draw_boundary();
            }
        }
        self.epoch = Some(epoch);
        epoch
    }

    fn begin(&mut self, caller: Caller, before: Option<Epoch>) -> Epoch {
        self.draw_boundary();
        let claims = before.map_or(0, |epoch| epoch.claims);
        let is_lossy = match before {
            Some(epoch) => epoch.doubts == AdmissionDoubt::All,
            None => caller.known.is_some_and(|known| known.claims > 0),
        };
        let is_new_queue = before.is_none() && caller.known.is_none();
        Epoch {
            name: EpochName {
                server: caller.server,
                began: caller.number,
                is_lossy,
            },
            doubts: if is_new_queue {
                AdmissionDoubt::None
            } else {
                AdmissionDoubt::All
            },
            claims,
            claims_before: claims,
            before: before.map(|epoch| epoch.name),
        }
    }

    fn draw_boundary(&mut self) {
        for waiting in &mut self.inbox {
            waiting.is_of_before = true;
        }
    }

    /// A request that Redis has forgotten has had the time to arrive.
    pub(crate) fn doubts_pass(&mut self) {
        if let Some(epoch) = &mut self.epoch
            && epoch.doubts == AdmissionDoubt::All
        {
            epoch.doubts = AdmissionDoubt::OfBefore;
        }
        for order in self.orders.values_mut() {
            order.doubt.passes();
        }
    }
}
