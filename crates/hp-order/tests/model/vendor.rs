//! HitPoints: what it does with a submission that arrives.

use crate::{
    act::{allow, spend},
    action::Verdict,
    rules::{Repeats, Setting},
    world::{Request, Sender, Told, World},
};

impl World {
    pub(crate) fn arrive(&mut self, r: usize, verdict: Verdict, setting: &Setting) -> Option<()> {
        allow(r < self.requests.len())?;
        if verdict != Verdict::Accept {
            spend(&mut self.left.refusals)?;
        }
        let request = self.requests.remove(r);
        let told = self.answer(request, verdict, setting);
        if let Sender::Waits(w) = request.sender {
            self.workers[w].job.as_mut()?.told(told);
        }
        Some(())
    }

    fn answer(&mut self, request: Request, verdict: Verdict, setting: &Setting) -> Told {
        match (verdict, setting.vendor) {
            (Verdict::Refuse, _) => return Told::Refused,
            (Verdict::LowBalance, _) => return Told::LowBalance,
            (Verdict::Accept, Repeats::Rejected) if self.vendor.charges > 0 => return Told::Exists,
            (Verdict::Accept, Repeats::Answered) if self.vendor.charges > 0 => {}
            (Verdict::Accept, _) => {
                self.vendor.charges += 1;
                self.vendor.hidden = Some(request).filter(|_| setting.late_record);
            }
        }
        Told::Charged
    }
}
