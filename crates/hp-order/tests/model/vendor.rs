//! What HitPoints does with a submission that arrives.

use crate::{
    action::Verdict,
    budget::{require, spend},
    setting::{RepeatedId, Setting},
    world::{Observation, Request, Sender, World},
};

impl World {
    pub(crate) fn arrive(&mut self, r: usize, verdict: Verdict, setting: &Setting) -> Option<()> {
        require(r < self.requests.len())?;
        if verdict != Verdict::Accept {
            spend(&mut self.budget.refusals)?;
        }
        let request = self.requests.remove(r);
        let observation = match verdict {
            Verdict::Accept => self.accept(request, setting),
            Verdict::Refuse => Observation::Refused,
            Verdict::LowBalance => Observation::LowBalance,
        };
        if let Sender::Waiting(w) = request.sender {
            self.workers[w].job.as_mut()?.observe(observation);
        }
        Some(())
    }

    fn accept(&mut self, request: Request, setting: &Setting) -> Observation {
        if self.vendor.charges > 0 {
            match setting.repeated_id {
                RepeatedId::Rejected => return Observation::Exists,
                RepeatedId::Answered => return Observation::Charged,
                RepeatedId::Charged => {}
            }
        }
        self.vendor.charges += 1;
        self.vendor.hidden = Some(request).filter(|_| setting.has_late_records);
        Observation::Charged
    }
}
