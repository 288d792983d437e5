//! What HitPoints does with a submission that arrives.

use crate::{
    action::Verdict,
    budget::{require, spend},
    setting::{Assumption, Feature, RepeatedId, Setting},
    time::Age,
    world::{Observation, Request, Sender, Vendor, World},
};

impl World {
    pub(crate) fn arrive(&mut self, r: usize, verdict: Verdict, setting: &Setting) -> Option<()> {
        require(r < self.requests.len())?;
        let is_front_end = matches!(verdict, Verdict::Block | Verdict::TurnAway);
        require(!is_front_end || setting.models(Feature::FrontEnd))?;
        if verdict != Verdict::Accept {
            spend(&mut self.budget.refusals)?;
        }
        let request = self.requests.remove(r);
        let observation = match verdict {
            Verdict::Accept => self.accept(request, setting),
            Verdict::Refuse => Observation::Refused,
            Verdict::LowBalance => Observation::LowBalance,
            Verdict::Block => Observation::Blocked,
            Verdict::TurnAway => Observation::TurnedAway,
        };
        if let Sender::Waiting(w) = request.sender {
            self.workers[w].job.as_mut()?.observe(observation);
        }
        Some(())
    }

    /// The vendor charges the submission, and its worker gets a refusal all the same.
    pub(crate) fn arrive_behind_refusal(
        &mut self,
        r: usize,
        refusal: Verdict,
        setting: &Setting,
    ) -> Option<()> {
        let is_assumed_away =
            refusal == Verdict::LowBalance && setting.assumes(Assumption::OtherRefusalsAreOurs);
        let feature = if refusal == Verdict::Block {
            Feature::FrontEnd
        } else {
            Feature::SurplusRefusals
        };
        require(!is_assumed_away && setting.models(feature) && r < self.requests.len())?;
        let Sender::Waiting(w) = self.requests[r].sender else {
            return None;
        };
        spend(&mut self.budget.refusals)?;
        let request = self.requests.remove(r);
        self.accept(request, setting);
        self.workers[w].job.as_mut()?.observe(match refusal {
            Verdict::Block => Observation::Blocked,
            Verdict::LowBalance => Observation::LowBalance,
            Verdict::Accept | Verdict::Refuse | Verdict::TurnAway => Observation::Refused,
        });
        Some(())
    }

    pub(crate) fn get_surplus_refusal(&mut self, w: usize, setting: &Setting) -> Option<()> {
        require(setting.models(Feature::SurplusRefusals))?;
        require(!setting.assumes(Assumption::SurplusRefusalsComeLate))?;
        spend(&mut self.budget.refusals)?;
        let job = self.workers[w].job.as_mut()?;
        job.observe(Observation::Refused);
        self.abandon_requests(w, Sender::GaveUp(w));
        Some(())
    }

    fn accept(&mut self, request: Request, setting: &Setting) -> Observation {
        let vendor = &mut self.vendor;
        let is_charged = vendor.charges > 0 && vendor.account == request.account;
        if is_charged || vendor.has_older_record {
            match setting.repeated_id {
                RepeatedId::Rejected => return Observation::Exists,
                RepeatedId::Answered => return vendor.existing_record().charged(),
                RepeatedId::Charged => {}
            }
        }
        vendor.charges += 1;
        vendor.charged = Some(0);
        vendor.account = request.account;
        vendor.hidden = Some(request).filter(|_| setting.has_late_records);
        Observation::Charged(0)
    }
}

/// A record that the vendor gives.
#[derive(Clone, Copy)]
pub(crate) enum VendorRecord {
    /// Of this order, so many ticks old.
    Own(Age),
    /// Of an older order with this id.
    Older,
    None,
}

impl Vendor {
    /// What the vendor has on record, on the account of the last charge.
    fn existing_record(&self) -> VendorRecord {
        match self.charged {
            Some(age) => VendorRecord::Own(age),
            None if self.has_older_record => VendorRecord::Older,
            None => VendorRecord::None,
        }
    }

    /// What a query on this account finds.
    pub(crate) fn record_on(&self, account: u8) -> VendorRecord {
        match self.existing_record() {
            VendorRecord::Own(_) if self.hidden.is_some() => VendorRecord::None,
            _ if self.account != account => VendorRecord::None,
            record => record,
        }
    }
}

impl VendorRecord {
    fn charged(self) -> Observation {
        match self {
            Self::Own(age) => Observation::Charged(age),
            Self::Older | Self::None => Observation::ChargedBefore,
        }
    }

    pub(crate) fn found(self) -> Observation {
        match self {
            Self::Own(age) => Observation::Found(age),
            Self::Older => Observation::FoundOlder,
            Self::None => Observation::NotFound,
        }
    }
}
