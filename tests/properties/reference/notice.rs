use super::{
    epoch::{AdmissionDoubt, Caller, Epoch, EpochName},
    state::Reference,
};

impl Reference {
    /// A call finds out which life of Redis this is, and whether the caller knows more than Redis.
    pub(crate) fn notice(&mut self, caller: Caller) -> Epoch {
        let mut epoch = match self.epoch {
            Some(epoch) if epoch.name.server == caller.server => epoch,
            before => Self::begin(caller, before),
        };
        if epoch.doubts == AdmissionDoubt::Passed {
            epoch.doubts = AdmissionDoubt::OfBefore;
            self.draw_boundary();
        }
        let is_disproved = caller
            .known
            .is_some_and(|known| epoch.is_disproved_by(known));
        if is_disproved && !epoch.name.is_lossy {
            epoch.name.is_lossy = true;
            epoch.claims += 1;
            self.history.push(caller.number);
            if epoch.doubts == AdmissionDoubt::None {
                epoch.doubts = AdmissionDoubt::All;
            }
        }
        self.epoch = Some(epoch);
        epoch
    }

    fn begin(caller: Caller, before: Option<Epoch>) -> Epoch {
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
            epoch.doubts = AdmissionDoubt::Passed;
        }
        for order in self.orders.values_mut() {
            order.doubt.passes();
        }
    }
}
